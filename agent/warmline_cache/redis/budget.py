"""What Redis may cost a lookup, in time that is Redis's own."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")

STEPS = 10
"""Into how many steps a budget is cut. A stall of our own loop costs it no more than one."""

ITERATIONS = 8
"""How many iterations of the loop a reply may take from the socket to whoever waits for it."""


class Budget:
    """What Redis may still cost one lookup, in seconds.

    Spent in steps, so that a stall of our own loop, in which no reply could be read, is not charged to Redis: whatever
    its length, it counts as one step.
    """

    __slots__ = ("left",)

    def __init__(self, seconds: float) -> None:
        self.left = seconds

    async def spend(self, work: Awaitable[T]) -> T:
        """The result of `work`, if the budget lasts for it. Raises TimeoutError."""
        async with asyncio.timeout(None) as bound:
            lapse = _Lapse(bound, self.left)
            try:
                return await work
            finally:
                self.left -= lapse.end()


class _Lapse:
    """Ends a bound when its seconds have passed, and some iterations of the loop: a loop that was busy runs its timers
    before it hands out the replies that came meanwhile."""

    __slots__ = ("_bound", "_iterations", "_loop", "_spent", "_step", "_stepped", "_steps", "_timer")

    def __init__(self, bound: asyncio.Timeout, seconds: float) -> None:
        self._bound = bound
        self._iterations = ITERATIONS
        self._loop = asyncio.get_running_loop()
        self._step = max(0.0, seconds) / STEPS
        self._steps = STEPS
        self._spent = 0.0
        self._stepped = self._loop.time()
        self._timer: asyncio.Handle = self._loop.call_later(self._step, self._tick)

    def end(self) -> float:
        """Stop counting; the seconds that count."""
        self._timer.cancel()
        return self._spent + min(self._step, self._loop.time() - self._stepped)

    def _tick(self) -> None:
        self._spent += self._step
        self._stepped = self._loop.time()
        self._steps -= 1
        if self._steps:
            self._timer = self._loop.call_later(self._step, self._tick)
        else:
            self._last()

    def _last(self) -> None:
        if self._iterations:
            self._iterations -= 1
            self._timer = self._loop.call_soon(self._last)
        else:
            self._bound.reschedule(self._loop.time())
