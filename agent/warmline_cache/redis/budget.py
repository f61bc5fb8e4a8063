"""What Redis may cost a lookup, in time that is Redis's own."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")

STEPS = 10
"""Into how many steps a budget is cut. A stall of our own loop costs it no more than one."""

LEAST_STEP = 0.002
"""Seconds: uvloop's timers know whole milliseconds alone, and half of one is at once to it."""

SLACK = 0.001
"""Seconds that a timer may be late without a stall."""

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
            lapse = _Lapse(bound, max(0.0, self.left))
            try:
                return await work
            finally:
                self.left -= lapse.end()


class _Lapse:
    """Ends a bound when its seconds have passed, and some iterations of the loop: a loop that was busy runs its timers
    before it hands out the replies that came meanwhile."""

    __slots__ = ("_bound", "_iterations", "_left", "_loop", "_seconds", "_step", "_stepped", "_timer")

    def __init__(self, bound: asyncio.Timeout, seconds: float) -> None:
        self._bound = bound
        self._iterations = ITERATIONS
        self._loop = asyncio.get_running_loop()
        self._seconds = self._left = seconds
        self._step = max(LEAST_STEP, seconds / STEPS)
        self._stepped = self._loop.time()
        self._timer: asyncio.Handle = self._loop.call_later(self._next(), self._tick)

    def end(self) -> float:
        """Stop counting; the seconds that count."""
        self._timer.cancel()
        self._charge()
        return self._seconds - self._left

    def _next(self) -> float:
        return min(self._step, self._left)

    def _charge(self) -> None:
        now = self._loop.time()
        self._left -= min(now - self._stepped, self._next() + SLACK)
        self._stepped = now

    def _tick(self) -> None:
        self._charge()
        if self._left > SLACK / 2:
            self._timer = self._loop.call_later(max(self._next(), SLACK), self._tick)
        else:
            self._last()

    def _last(self) -> None:
        if self._iterations:
            self._iterations -= 1
            self._timer = self._loop.call_soon(self._last)
        else:
            self._bound.reschedule(self._loop.time())
