"""One WebSocket: a listener that hears the client and a speaker that says what is due, at the provider's pace.

Only the client's messages and our audio count as activity: protocol pings do not, the strictest reading of "60 s of
inactivity". Errors leave the socket open. `wav` comes without a header, as it does from the provider's socket.
"""

import asyncio
import base64
import contextlib
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime

from starlette.websockets import WebSocket, WebSocketDisconnect

from warmline_simulators.calls import Calls
from warmline_simulators.faults import Faults
from warmline_simulators.sarvam.audio import chunks, tone
from warmline_simulators.sarvam.conversation import Complete, DueSpeech, SocketConversation
from warmline_simulators.sarvam.faults import Slip
from warmline_simulators.sarvam.options import SarvamOptions
from warmline_simulators.sarvam.refused import SpeechRefused, error_frame, unprocessable


class SpeechSocket:
    """An accepted socket. `completions` says whether completion events are on."""

    def __init__(
        self,
        websocket: WebSocket,
        conversation: SocketConversation,
        *,
        completions: bool,
        options: SarvamOptions,
        faults: Faults,
        calls: Calls,
    ) -> None:
        self._websocket = websocket
        self._conversation = conversation
        self._completions = completions
        self._options = options
        self._faults = faults
        self._calls = calls
        self._request_id = uuid.uuid4().hex
        self._due: asyncio.Queue[DueSpeech | Complete] = asyncio.Queue()
        self._loop = asyncio.get_running_loop()
        self._active_at = self._loop.time()
        self._over = False

    async def run(self) -> None:
        """Returns when the connection has ended, whoever ended it."""
        async with asyncio.TaskGroup() as group:
            speaker = group.create_task(self._speak(), name="speaker")
            await self._listen()
            speaker.cancel()

    async def hang_up(self, *, frame: bool, code: int = 1000) -> None:
        """End the connection, with a close frame or without."""
        if self._over:
            return
        self._over = True
        if frame:
            with contextlib.suppress(WebSocketDisconnect):
                await self._websocket.close(code)
        else:
            self._websocket.state.abort()

    async def _listen(self) -> None:
        while True:
            try:
                async with asyncio.timeout_at(self._active_at + self._options.idle):
                    message = await self._websocket.receive()
            except TimeoutError:
                await self._hang_up_if_idle()
                continue
            if message["type"] == "websocket.disconnect":
                return
            self._active_at = self._loop.time()
            await self._hear(message.get("text"))

    async def _hang_up_if_idle(self) -> None:
        if self._loop.time() >= self._active_at + self._options.idle:
            self._active_at = self._loop.time()
            await self.hang_up(frame=self._options.idle_close_frame)

    async def _hear(self, frame: str | None) -> None:
        try:
            if frame is None:
                raise unprocessable("messages are text frames")
            due = self._conversation.hear(frame)
        except SpeechRefused as refused:
            await self._send(refused.frame())
            return
        for one in due:
            self._due.put_nowait(one)

    async def _speak(self) -> None:
        while True:
            await self._utter()

    async def _utter(self) -> None:
        """All that is due up to and with one completion."""
        slip: Slip | None = None
        said = 0
        async for audio, codec in self._until_complete():
            if said == 0:
                self._calls.add("text-to-speech/ws")
                slip = self._faults.take(Slip, "socket")
            if slip is None or said < slip.after_chunks:
                await asyncio.sleep(self._options.wait_before(said))
                await self._say(audio, codec)
            elif said == slip.after_chunks:
                await self._go_wrong(slip)
            said += 1
        if slip is None:
            await self._complete()
        elif said <= slip.after_chunks:
            await self._go_wrong(slip)

    async def _until_complete(self) -> AsyncIterator[tuple[bytes, str]]:
        while isinstance(one := await self._due.get(), DueSpeech):
            self._calls.add("characters", len(one.text))
            for audio in chunks(tone(one.text, one.voice.rate), one.voice.rate, self._options.chunk):
                yield audio, one.voice.codec

    async def _say(self, audio: bytes, codec: str) -> None:
        data = {
            "content_type": f"audio/{codec}",
            "audio": base64.b64encode(audio).decode("ascii"),
            "request_id": self._request_id,
        }
        await self._send({"type": "audio", "data": data})

    async def _complete(self) -> None:
        if self._completions:
            data = {"event_type": "final", "timestamp": datetime.now(UTC).isoformat()}
            await self._send({"type": "event", "data": data})

    async def _go_wrong(self, slip: Slip) -> None:
        if slip.action == "error":
            await self._send(error_frame(slip.message, slip.code))
        elif slip.action != "silence":
            await self.hang_up(frame=slip.action == "close", code=slip.close_code)

    async def _send(self, message: dict[str, object]) -> None:
        if self._over:
            return
        self._active_at = self._loop.time()
        try:
            await self._websocket.send_json(message)
        except WebSocketDisconnect:
            self._over = True  # the listener will hear of it
