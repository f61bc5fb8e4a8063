"""One request and its answer."""

from uvicorn._types import ASGISendEvent
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle


class Exchange(RequestResponseCycle):
    """Answers a client of HTTP/1.0, which knows no chunks, with the bytes themselves and a close: RFC 9112, 6.3."""

    _until_closed = False

    async def send(self, message: ASGISendEvent) -> None:
        """See uvicorn's."""
        if message["type"] == "http.response.start":
            self._until_closed = self.scope["http_version"] == "1.0" and not _has_length(message.get("headers", ()))
            if self._until_closed:
                self.chunked_encoding = True  # as if chosen already: no header about it is added
        elif self._until_closed and message["type"] == "http.response.body":
            self.chunked_encoding = False
            self.expected_content_length = len(message.get("body", b""))
        await super().send(message)


def _has_length(headers: object) -> bool:
    assert isinstance(headers, list | tuple)
    return any(name.lower() == b"content-length" for name, _ in headers)
