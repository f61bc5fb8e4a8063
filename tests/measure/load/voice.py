"""A caller's end of a voice session that gevent can wait in; times are told to `heard` as they are taken."""

import json
import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import websocket

Heard = Callable[[str, float, int], None]
"""Told what was waited for, for how many milliseconds, and how many bytes came of it."""

_SECONDS = 30.0


class Refused(Exception):
    """The worker ended the session, or said an error; the message is its own."""


class Call:
    """One session, from dialling to hanging up. Raises Refused and websocket's errors. `ca_file` vouches for the edge;
    without it those do whom this machine trusts."""

    def __init__(
        self, url: str, headers: dict[str, str], agent: str, heard: Heard, *, ca_file: Path | None = None
    ) -> None:
        self._heard = heard
        self._turn = 0
        began = time.perf_counter()
        address = url.replace("http", "ws", 1) + "/v1/sessions"
        trusted = {"ca_certs": str(ca_file)} if ca_file else {}
        self._socket = websocket.create_connection(address, timeout=_SECONDS, header=headers, sslopt=trusted)
        self._send({"type": "open", "agent": agent})
        self._until_audio("greeting", began)

    def ask(self, text: str) -> None:
        """Say something, and return when the agent begins to answer."""
        began = time.perf_counter()
        self._turn += 1
        self._send({"type": "say", "text": text})
        self._until_audio("answer", began)

    def listen(self, seconds: float) -> None:
        """Hear the agent for so long, or to its end."""
        until = time.perf_counter() + seconds
        while time.perf_counter() < until:
            if self._next().get("type") == "audio-end":
                return

    def hang_up(self) -> None:
        """The conversation is over."""
        self._send({"type": "close"})
        self.drop()  # the library's own close would swallow the end of the test

    def drop(self) -> None:
        """Be gone, whatever state the connection is in."""
        self._socket.shutdown()

    def _until_audio(self, what: str, began: float) -> None:
        """`what` and the first audio of the current turn, each timed from `began`."""
        audio: int | None = None
        while audio is None:
            message = self._next()
            if message.get("type") == what:
                self._heard(what, _since(began), len(message["text"]))
            if message.get("type") == "audio" and message["turn"] == self._turn:
                audio = message["bytes"]
        self._heard(f"{what}, first audio", _since(began), audio)

    def _next(self) -> dict[str, Any]:
        frame = self._socket.recv()
        if isinstance(frame, bytes):
            return {"type": "audio", "turn": struct.unpack_from("<I", frame)[0], "bytes": len(frame)}
        if not frame:
            raise Refused("the worker closed the session")
        message: dict[str, Any] = json.loads(frame)
        if message["type"] == "error":
            raise Refused(str(message.get("message", message)))
        return message

    def _send(self, message: dict[str, str]) -> None:
        self._socket.send(json.dumps(message))


def _since(began: float) -> float:
    return (time.perf_counter() - began) * 1000
