"""A WebSocket client that calls an application in its own loop: without a server, and so in virtual time as well."""

import asyncio
import json
from collections.abc import Mapping
from types import TracebackType
from typing import Any

from starlette.types import ASGIApp, Message


class AsgiSocket:
    """One connection from handshake to end. `status` is what the handshake was answered with, 101 if it was accepted.

    `ended` is None while it is open, then the code of the application's close frame, or "cut" if there was none.
    """

    def __init__(self, app: ASGIApp, target: str, headers: Mapping[str, str]) -> None:
        path, _, query = target.partition("?")
        self._scope = {
            "type": "websocket",
            "path": path,
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
            "extensions": {"websocket.http.response": {}},
            "state": {"abort": self._abort},
        }
        self._app = app
        self._to_app: asyncio.Queue[Message] = asyncio.Queue()
        self._from_app: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._answered = asyncio.Event()
        self.status = 0
        self.body = b""
        self.ended: int | str | None = None

    async def __aenter__(self) -> "AsgiSocket":
        self._to_app.put_nowait({"type": "websocket.connect"})
        self._task = asyncio.create_task(self._run(), name="application")
        await self._answered.wait()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._to_app.put_nowait({"type": "websocket.disconnect", "code": 1000})
        await self._task

    async def say(self, message: object) -> None:
        """Send a text frame: JSON, or a text as it is."""
        text = message if isinstance(message, str) else json.dumps(message)
        self._to_app.put_nowait({"type": "websocket.receive", "text": text})

    async def heard(self) -> dict[str, Any]:
        """The next message from the application."""
        return await self._from_app.get()

    async def end(self) -> None:
        """Return when the application has ended by itself."""
        await asyncio.shield(self._task)

    async def _run(self) -> None:
        await self._app(self._scope, self._to_app.get, self._send)

    async def _send(self, message: Message) -> None:
        if message["type"] == "websocket.send":
            self._from_app.put_nowait(json.loads(message["text"]))
        elif message["type"] == "websocket.close":
            self._disconnected(message["code"])
        elif message["type"] == "websocket.http.response.body":
            self.body += message["body"]
        else:
            self.status = message.get("status", 101)
            self._answered.set()

    def _abort(self) -> None:
        self._disconnected("cut")

    def _disconnected(self, how: int | str) -> None:
        self.ended = how
        self._to_app.put_nowait({"type": "websocket.disconnect", "code": 1005})
