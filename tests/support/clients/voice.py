"""A caller's end of a voice session over a real WebSocket."""

import json
import ssl
import struct
from collections.abc import Mapping
from types import TracebackType
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.support.processes.stack import key_of

PATH = "/v1/sessions"


def ws(url: str) -> str:
    """The sessions' address below an HTTP address."""
    return "ws" + url.removeprefix("http") + PATH


class Call:
    """One connection. `audio` holds what was heard of each turn, `start` from which sample on."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.audio: dict[int, bytearray] = {}
        self.start: dict[int, int] = {}

    @classmethod
    async def dial(
        cls,
        url: str,
        *,
        organisation: str | None = "sahyadri",
        headers: Mapping[str, str] | None = None,
        trust: ssl.SSLContext | None = None,
        **opening: object,
    ) -> "Call":
        """Connect and send `open`; without an agent or a token: to reception. `trust` is for an https address."""
        headers = dict(headers or {})
        if organisation is not None:
            headers["Authorization"] = f"Bearer {key_of(organisation)}"
        connection = await connect(ws(url), additional_headers=headers, compression=None, ping_interval=None, ssl=trust)
        call = cls(connection)
        await call.send("open", **(opening or {"agent": "reception"}))
        return call

    async def __aenter__(self) -> "Call":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.connection.close()

    async def send(self, kind: str, **fields: object) -> None:
        await self.connection.send(json.dumps({"type": kind, **fields}))

    async def next(self, kind: str | None = None) -> dict[str, Any]:
        """The next message, or the next of a kind; audio is put aside. Raises ConnectionClosed."""
        while True:
            frame = await self.connection.recv()
            if isinstance(frame, bytes):
                self._hear(frame)
                continue
            message: dict[str, Any] = json.loads(frame)
            if kind in {None, message["type"]}:
                return message

    async def close_code(self) -> int:
        """The code that the worker closes with."""
        try:
            while True:
                await self.next()
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else 1006

    async def listen(self, seconds: float, *, turn: int = 0) -> None:
        """Until that much of the turn's audio has come."""
        while len(self.audio.get(turn, b"")) < seconds * 2 * 22050:
            frame = await self.connection.recv()
            if isinstance(frame, bytes):
                self._hear(frame)

    def _hear(self, frame: bytes) -> None:
        turn, first = struct.unpack_from("<II", frame)
        heard = self.audio.setdefault(turn, bytearray())
        start = self.start.setdefault(turn, first)
        assert first == start + len(heard) // 2, "a gap"
        heard += frame[8:]
