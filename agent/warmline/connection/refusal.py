"""What is said to a request that no handler will see: an answer like every other of the API's."""

import http
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from warmline.errors import WORKER_FAILED


@dataclass(frozen=True)
class ConnectionRefusal:
    """A status and why, in the words of `api/faults.py`; `headers` are further ones that the status asks for."""

    status: int
    code: str
    message: str
    headers: Mapping[str, str] = field(default_factory=dict)

    def write(self, *, head: bool = False) -> bytes:
        """The whole answer, after which the connection is closed; without its body to a HEAD."""
        body = json.dumps({"error": {"code": self.code, "message": self.message}}).encode()
        headers = {
            "content-type": "application/json",
            "content-length": str(len(body)),
            "connection": "close",
            **self.headers,
        }
        lines = [f"HTTP/1.1 {self.status} {http.HTTPStatus(self.status).phrase}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return "\r\n".join([*lines, "", ""]).encode("ascii") + (b"" if head else body)


class RequestRefused(Exception):
    """Raised while a request is read, where no more of it shall be."""

    def __init__(self, refusal: ConnectionRefusal) -> None:
        super().__init__(refusal.code)
        self.refusal = refusal


METHODS = {"allow": "GET, HEAD, POST"}
"""RFC 9110, 15.5.6: who is told that a method is not allowed is told which are."""

NOT_HTTP = ConnectionRefusal(400, "bad_request", "this is not a request of HTTP/1.1")
CUT_SHORT = ConnectionRefusal(400, "bad_request", "the request was not sent completely")
NO_METHOD = ConnectionRefusal(405, "method_not_allowed", "no resource here has this method", METHODS)
TOO_SLOW = ConnectionRefusal(408, "request_timeout", "the request did not come in time")
LONG_HEAD = ConnectionRefusal(431, "too_large", "the headers are larger than is read")
LONG_BODY = ConnectionRefusal(413, "too_large", "the body is larger than is read")
NO_VERSION = ConnectionRefusal(505, "bad_request", "HTTP/1.1 is spoken here")
STOPPING = ConnectionRefusal(503, "stopping", "this worker is stopping: try again")
UNANSWERED = ConnectionRefusal(503, "unavailable", "the handshake was not answered in time: try again")
FAILED = ConnectionRefusal(500, "internal_error", WORKER_FAILED)

_HANDSHAKES = {
    400: ConnectionRefusal(
        400, "bad_request", "this is not a handshake of a WebSocket", {"sec-websocket-version": "13"}
    ),
    405: ConnectionRefusal(405, "method_not_allowed", "a WebSocket is opened with GET", {"allow": "GET"}),
    414: ConnectionRefusal(414, "too_large", "the URL is longer than is read of a handshake"),
    431: ConnectionRefusal(431, "too_large", "the headers are larger than is read of a handshake"),
    500: FAILED,
}


def handshake(status: int) -> ConnectionRefusal:
    """What is said to a handshake that was refused with a status."""
    return _HANDSHAKES.get(status, _HANDSHAKES[400])
