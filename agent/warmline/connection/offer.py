"""Offers to speak another protocol: RFC 9110, 7.8. A server may ignore one, and all but one kind are ignored.

httptools stops reading at the end of a head with an offer, whatever it offers, so that a body would be taken for the
next request: a head whose offer is not taken is read again without it.
"""

from collections.abc import Iterable

Headers = list[tuple[bytes, bytes]]


def is_handshake(method: bytes, version: str, headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether it asks for a WebSocket and for nothing else: RFC 6455, 4.1. Names of headers are in lower case.

    A list such as `h2c, websocket` is an offer like any other: no WebSocket client sends one.
    """
    offers = [value.strip().lower() for name, value in headers if name == b"upgrade"]
    return method == b"GET" and version == "1.1" and offers == [b"websocket"]


def head(method: bytes, url: bytes, version: str, headers: Headers) -> bytes:
    """A head as it was read, for whoever reads it next."""
    lines = [b"%s %s HTTP/%s" % (method, url, version.encode("ascii")), *(b"%s: %s" % pair for pair in headers)]
    return b"\r\n".join([*lines, b"", b""])


def without(headers: Headers) -> Headers:
    """The same headers without the offer."""
    return [(name, value) for name, value in headers if name != b"upgrade"]
