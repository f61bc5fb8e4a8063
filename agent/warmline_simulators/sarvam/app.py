"""The provider's paths, and those that only a test knows."""

import asyncio
import time
from collections.abc import Callable
from typing import Literal

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from warmline_simulators.calls import Calls
from warmline_simulators.sarvam.account import SarvamAccount
from warmline_simulators.sarvam.conversation import SocketConversation
from warmline_simulators.sarvam.faults import refuse, sarvam_faults
from warmline_simulators.sarvam.options import SarvamOptions
from warmline_simulators.sarvam.refused import SpeechRefused, refusal, unprocessable
from warmline_simulators.sarvam.rest import Rest
from warmline_simulators.sarvam.socket import SpeechSocket
from warmline_simulators.sarvam.voice import known_model


class _HangUp(msgspec.Struct):
    """How `/_hang_up` ends every socket that is open."""

    how: Literal["close", "cut"] = "close"
    code: int = 1000


class SarvamSimulator:
    """One account. `clock` gives the seconds by which its rate limit is filled up again."""

    def __init__(self, options: SarvamOptions, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._options = options
        self._account = SarvamAccount(options, clock)
        self._faults = sarvam_faults()
        self._calls = Calls(sockets_open=lambda: self._account.open, sockets_peak=lambda: self._account.peak)
        self._rest = Rest(options, account=self._account, faults=self._faults, calls=self._calls)
        self._sockets: set[SpeechSocket] = set()

    def app(self) -> Starlette:
        """All of it."""
        return Starlette(
            routes=[
                Route("/text-to-speech", self._rest.speak, methods=["POST"]),
                Route("/text-to-speech/stream", self._rest.stream, methods=["POST"]),
                WebSocketRoute("/text-to-speech/ws", self.socket),
                WebSocketRoute("/text-to-speech/ws/v2", self.socket),
                Route("/_hang_up", self.hang_up, methods=["POST"]),
                self._faults.route(),
                self._calls.route(),
            ],
            exception_handlers={SpeechRefused: refusal},
        )

    async def socket(self, websocket: WebSocket) -> None:
        """A handshake, refused with an HTTP answer or accepted after its time, and the socket that follows."""
        self._calls.add("handshakes")
        try:
            refuse(self._faults, "handshake")
            with self._account.socket(websocket.headers):
                await self._converse(websocket, known_model(websocket.query_params.get("model", "bulbul:v2")))
        except SpeechRefused as refused:
            await websocket.send_denial_response(refused.response())

    async def _converse(self, websocket: WebSocket, model: str) -> None:
        await asyncio.sleep(self._options.connect)
        await websocket.accept()
        self._calls.add("sockets_opened")
        socket = SpeechSocket(
            websocket,
            SocketConversation(model, lenient=self._options.lenient),
            completions=websocket.query_params.get("send_completion_event", "true").lower() == "true",
            options=self._options,
            faults=self._faults,
            calls=self._calls,
        )
        self._sockets.add(socket)
        try:
            await socket.run()
        finally:
            self._sockets.discard(socket)

    async def hang_up(self, request: Request) -> JSONResponse:
        """`POST /_hang_up {"how": "close" | "cut", "code": 1000}`: end every open socket now."""
        try:
            wish = msgspec.json.decode(await request.body() or b"{}", type=_HangUp)
        except msgspec.DecodeError as error:
            raise unprocessable(str(error)) from error
        sockets = list(self._sockets)
        for socket in sockets:
            await socket.hang_up(frame=wish.how == "close", code=wish.code)
        return JSONResponse({"ended": len(sockets)})
