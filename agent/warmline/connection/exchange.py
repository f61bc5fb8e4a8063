"""One request and its answer."""

import socket
import struct
from collections.abc import Callable

from uvicorn._types import ASGI3Application, ASGISendEvent
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle


class Exchange(RequestResponseCycle):
    """Answers a client of HTTP/1.0, which knows no chunks, with the bytes themselves and a close: RFC 9112, 6.3."""

    _until_closed = False
    left_unread: Callable[[], None] = staticmethod(lambda: None)
    """Ends the connection behind an answer that came before the request was complete: the client may still be sending,
    and has to be able to read it."""

    async def run_asgi(self, app: ASGI3Application) -> None:
        """See uvicorn's. What broke off and ends with a close would pass for the whole: it ends with a reset."""
        await super().run_asgi(app)
        if self._until_closed and not self.response_complete and not self.disconnected:
            line = self.transport.get_extra_info("socket")
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.transport.abort()

    async def send(self, message: ASGISendEvent) -> None:
        """See uvicorn's."""
        if message["type"] == "http.response.start":
            self._until_closed = self.scope["http_version"] == "1.0" and not _has_length(message.get("headers", ()))
            if self._until_closed:
                self.chunked_encoding = True  # as if chosen already: no header about it is added
        elif self._until_closed and message["type"] == "http.response.body":
            self.chunked_encoding = False
            self.expected_content_length = len(message.get("body", b""))
        unread = not self.keep_alive and self.more_body and _is_last(message)
        self.keep_alive = self.keep_alive or unread  # else uvicorn closes at once
        await super().send(message)
        if unread and not self.disconnected:
            self.left_unread()


def _has_length(headers: object) -> bool:
    assert isinstance(headers, list | tuple)
    return any(name.lower() == b"content-length" for name, _ in headers)


def _is_last(message: ASGISendEvent) -> bool:
    return message["type"] == "http.response.body" and not message.get("more_body", False)
