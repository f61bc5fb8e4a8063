"""Requests as bytes, for what no client would send."""

import contextlib
import json
import socket
import time
from dataclasses import dataclass
from typing import Any

HANDSHAKE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


@dataclass
class Answer:
    """All that came back before the other side closed or `exchange` gave up; `closed` says which."""

    data: bytes
    closed: bool
    seconds: float

    @property
    def status(self) -> int:
        """Of the first answer; 0 if there was none."""
        line = self.data.partition(b"\r\n")[0].split(b" ")
        return int(line[1]) if len(line) > 1 else 0

    @property
    def head(self) -> str:
        """Of the first answer, in lower case."""
        return self.data.partition(b"\r\n\r\n")[0].decode("latin-1").lower()

    @property
    def body(self) -> bytes:
        """What follows the first head."""
        return self.data.partition(b"\r\n\r\n")[2]

    @property
    def code(self) -> str:
        """The `error.code` of a JSON answer; fails if it is none."""
        assert "content-type: application/json" in self.head, self.data
        said: dict[str, Any] = json.loads(self.body)
        assert said["error"]["message"]
        return str(said["error"]["code"])


def head(line: str, *headers: str, **more: str) -> bytes:
    """A request's head: its line without the version, headers as they are written, further ones by name."""
    version = "" if "HTTP/" in line else " HTTP/1.1"
    named = [f"{name.replace('_', '-')}: {value}" for name, value in more.items()]
    return "\r\n".join([line + version, "Host: localhost", *headers, *named, "", ""]).encode("latin-1")


def handshake(*headers: str, line: str = "GET /v1/sessions", **more: str) -> bytes:
    """A handshake of RFC 6455, with further headers, or others of the same name."""
    changed = {name.replace("_", "-"): value for name, value in more.items()}
    return head(line, *(f"{name}: {value}" for name, value in {**HANDSHAKE, **changed}.items()), *headers)


def exchange(port: int, *parts: bytes, seconds: float = 5, half_close: bool = False, until: bytes = b"") -> Answer:
    """Send the parts, each in a write of its own; read until the other side closes, `until` has come or time is up."""
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as line:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # answered and closed before the last part
            for part in parts:
                line.sendall(part)
            if half_close:
                line.shutdown(socket.SHUT_WR)
        return _heard(line, began, seconds, until)


def converse(port: int, parts: list[bytes], *, until: bytes, seconds: float = 5) -> Answer:
    """Send the parts, read until `until` or the end, then say that nothing more is sent, and read to the end."""
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as line:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for part in parts:
            line.sendall(part)
        first = _heard(line, began, seconds, until)
        if first.closed:
            return first
        line.shutdown(socket.SHUT_WR)
        rest = _heard(line, began, seconds, b"")
    return Answer(first.data + rest.data, rest.closed, rest.seconds)


def _heard(line: socket.socket, began: float, seconds: float, until: bytes) -> Answer:
    data, closed = b"", False
    with contextlib.suppress(TimeoutError):
        while not closed and not (until and until in data):
            line.settimeout(max(0.01, began + seconds - time.monotonic()))
            piece = line.recv(65536)
            data, closed = data + piece, not piece
            data = data.removeprefix(CONTINUE)  # not the answer yet
    return Answer(data, closed, time.monotonic() - began)
