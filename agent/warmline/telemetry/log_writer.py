"""The log's last step, in a thread of its own: whoever logs never waits for whoever reads the log.

A container's standard output is a pipe that its engine empties. When the engine stands still, the pipe is full after
64 KiB, and a write from the event loop would hold up every caller until it is back.
"""

import queue
import threading
from collections.abc import Callable

MOST_BYTES = 1024 * 1024
"""What may wait to be written: some thousand lines."""


class LogWriter:
    """A stream that takes lines at once and gives them to `write`, which may block, in their order.

    Lines beyond `most_bytes` that wait are lost and counted, as are those that `write` refuses with OSError; once it
    takes lines again, it is given `notice` of their number. `write` must take all that it is given.
    """

    def __init__(
        self, write: Callable[[bytes], object], notice: Callable[[int], str], *, most_bytes: int = MOST_BYTES
    ) -> None:
        self._write = write
        self._notice = notice
        self._most_bytes = most_bytes
        self._lines: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        # Each is written by one side alone: those who log do so one at a time, under their handler's lock.
        self._taken = self._done = 0
        self._too_many = self._refused = 0
        self._thread = threading.Thread(target=self._run, name="log", daemon=True)
        self._thread.start()

    @property
    def lost(self) -> int:
        """How many lines were never written."""
        return self._too_many + self._refused

    def write(self, text: str) -> None:
        """Take a line with its end; loses it if too much waits."""
        line = text.encode(errors="backslashreplace")
        if self._taken - self._done + len(line) > self._most_bytes:
            self._too_many += 1
            return
        self._taken += len(line)
        self._lines.put(line)

    def flush(self) -> None:
        """Nothing: who logs does not wait."""

    def close(self, seconds: float) -> None:
        """Have everything written that is still waiting, for at most so long."""
        self._lines.put(None)
        self._thread.join(seconds)

    def _run(self) -> None:
        told = 0
        while (line := self._lines.get()) is not None:
            self._give(line)
            self._done += len(line)
            lost = self.lost
            if lost > told and self._give(self._notice(lost - told).encode()):
                told = lost

    def _give(self, line: bytes) -> bool:
        """Whether it was written."""
        try:
            self._write(line)
        except OSError:
            self._refused += 1
            return False
        return True
