"""A data provider that answers what a test says, byte for byte if it must, to workers that are processes."""

import json
import socket
import struct
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

VOICE = {"model": "bulbul:v3", "speaker": "priya", "language": "en-IN"}
CONFIG = {"name": "Asha", "voice": VOICE, "greeting": "Hello.", "promptUpdatedAt": 1}
PROMPT = {"instructions": "", "answer": "{answer}", "unknown": "I do not know."}
PASSAGE = {"_id": "k1", "_score": 0.9, "question": "What is gout?", "answer": "A kind of arthritis."}


class Functions:
    """`values` by function; bytes are sent as the whole answer. `weary`: a connection's second request ends it."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {
            "agents:list": ["reception"],
            "agents:config": CONFIG,
            "agents:prompt": PROMPT,
            "knowledge:search": [PASSAGE],
        }
        self.weary: Literal["fin", "rst"] | None = None
        self.died = 0
        self.calls: Counter[str] = Counter()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        """Where workers find it."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> "Functions":
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _answer(self, path: str) -> bytes:
        self.calls[path] += 1
        value = self.values[path]
        return value if isinstance(value, bytes) else json.dumps({"status": "success", "value": value}).encode()

    def _handler(functions) -> type[BaseHTTPRequestHandler]:  # noqa: N805  # `self` is the handler's
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            answered = 0

            def do_POST(self) -> None:
                asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
                if self.answered and functions.weary:
                    functions.died += 1
                    if functions.weary == "rst":
                        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    self.close_connection = True
                    return
                self.answered += 1
                body = functions._answer(asked["path"])
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: object) -> None:
                """Nobody reads it."""

        return Handler
