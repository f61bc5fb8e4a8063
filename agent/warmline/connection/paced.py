"""A WebSocket's frames, so many a second.

Each costs the event loop some microseconds, also an empty one and one that is no message, and a read may hold tens of
thousands: a client that sends nothing else would stop the worker for everybody.
"""

import logging
import time
from collections.abc import Callable
from typing import NoReturn

from websockets.exceptions import ProtocolError
from websockets.frames import DATA_OPCODES, CloseCode, Frame, Opcode
from websockets.server import ServerProtocol

MOST_FRAGMENTS = 1024
"""Of one message: the limit of its size does not count empty ones."""

MOST_FRAMES = MOST_FRAGMENTS + 256
"""In one second, of every kind. A session's client may send five messages in that time."""


class PacedProtocol(ServerProtocol):
    """Fails with 1008 or 1009 (RFC 6455, 7.4.1) at the first frame too many; the rest of what was read is thrown away.

    `largest` is of a message, in bytes; `clock` is monotonic, in seconds.
    """

    def __init__(self, *, largest: int, logger: logging.Logger, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(max_size=largest, logger=logger)
        self._clock = clock
        self._since = clock()
        self._frames = 0
        self._fragments = 0

    def recv_frame(self, frame: Frame) -> None:
        """Take a frame, or raise ProtocolError, which ends the parsing."""
        now = self._clock()
        if now - self._since >= 1.0:
            self._since, self._frames = now, 0
        self._frames += 1
        if self._frames > MOST_FRAMES:
            self._end(CloseCode.POLICY_VIOLATION, f"more than {MOST_FRAMES} frames in a second")
        if frame.opcode in DATA_OPCODES:
            self._fragments = self._fragments + 1 if frame.opcode is Opcode.CONT else 1
            if self._fragments > MOST_FRAGMENTS:
                self._end(CloseCode.MESSAGE_TOO_BIG, f"more than {MOST_FRAGMENTS} fragments")
        super().recv_frame(frame)

    def _end(self, code: CloseCode, reason: str) -> NoReturn:
        self.fail(code, reason)
        raise ProtocolError(reason)
