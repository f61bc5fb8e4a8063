"""Who may ask an origin while nobody leads: a few at a time, those of each tenant in the order in which they came.

Who works within a turn and needs another value of the same cache gets by without a second turn, and so does the load
that it joins: else all turns could be held by those who wait for one.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextvars import ContextVar
from typing import Any

from warmline_cache.fair import Come, FairQueue
from warmline_cache.flight import Flight
from warmline_cache.key import tag_of

_within: ContextVar[frozenset["LoadTurns"]] = ContextVar("_within", default=frozenset())
"""Whose turns the current task works within. Tasks that it starts inherit it."""


class LoadTurns:
    """At most `limit` at a time, of which no tenant holds all (`fair.py`)."""

    def __init__(self, limit: int) -> None:
        self._queue = FairQueue(limit)
        self._waiting: dict[Come, Flight[Any]] = {}

    @contextlib.asynccontextmanager
    async def turn(self, flight: Flight[Any], seconds: float) -> AsyncIterator[None]:
        """The turn of `flight` to load. Raises TimeoutError if it has not come within `seconds`."""
        mine = await self._come(flight, seconds)
        before = _within.set(_within.get() | {self})
        try:
            yield
        finally:
            _within.reset(before)
            if mine:
                self._queue.give_back(tag_of(flight.key))

    def on_join(self, flight: Flight[Any]) -> None:
        """Somebody waits for `flight` from now on: if from within a turn, it needs none, asked for or not."""
        if self not in _within.get():
            return
        flight.needed = True
        for come in [come for come, wanted in self._waiting.items() if wanted is flight]:
            self._queue.excuse(tag_of(flight.key), come)

    async def _come(self, flight: Flight[Any], seconds: float) -> bool:
        """Whether there is a turn to give back."""
        if flight.needed or self in _within.get():
            return False
        come: Come = asyncio.get_running_loop().create_future()
        self._waiting[come] = flight
        try:
            return await self._queue.take(tag_of(flight.key), seconds, come)
        finally:
            del self._waiting[come]
