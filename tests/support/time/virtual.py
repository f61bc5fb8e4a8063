"""An event loop on which waiting takes no time.

When nothing is ready the loop's clock jumps to the next timer. When there is no timer either, nothing can ever wake:
that is a deadlock, and an error at once instead of a timeout. For tests without sockets.
"""

import asyncio
import selectors
from selectors import SelectorKey


class Deadlock(Exception):
    """Every task waits for something that cannot happen."""


class _Jumping(selectors.DefaultSelector):
    """A selector that lets time pass instead of waiting for it."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[SelectorKey, int]]:
        ready: list[tuple[SelectorKey, int]] = super().select(0)
        if not ready:
            if timeout is None:
                raise Deadlock("nothing is ready, and no timer is set")
            self.now += max(0.0, timeout)
        return ready


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """Begins at zero; only timers move its clock, and stalls."""

    def __init__(self) -> None:
        self._jumping = _Jumping()
        super().__init__(self._jumping)

    def time(self) -> float:
        """Seconds since the loop was made, had anybody waited."""
        return self._jumping.now

    def stall(self, seconds: float) -> None:
        """Let time pass as a callback does that takes long: nothing else runs meanwhile."""
        self._jumping.now += seconds
