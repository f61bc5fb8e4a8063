"""Who may ask an origin while nobody leads: a few at a time, those of each tenant in the order in which they came.

Who works within a turn and needs another value of the same cache gets by without a second turn, and so does the load
that it joins: else all turns could be held by those who wait for one.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextvars import ContextVar
from typing import Any

from warmline_cache.fair import FairShare
from warmline_cache.flight import Flight
from warmline_cache.key import tag_of

_within: ContextVar[frozenset["LoadTurns"]] = ContextVar("_within", default=frozenset())
"""Whose turns the current task works within. Tasks that it starts inherit it."""


class LoadTurns:
    """At most `limit` at a time, of which no tenant holds all (`fair.py`)."""

    def __init__(self, limit: int) -> None:
        self._share = FairShare(limit)
        self._waiting: dict[asyncio.Future[bool], Flight[Any]] = {}

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
                self._give_back(flight)

    def joined(self, flight: Flight[Any]) -> None:
        """Somebody waits for `flight` from now on: if from within a turn, it needs none, asked for or not."""
        if self not in _within.get():
            return
        flight.needed = True
        for waiting, wanted in self._waiting.items():
            if wanted is flight and not waiting.done():
                waiting.set_result(False)

    async def _come(self, flight: Flight[Any], seconds: float) -> bool:
        """Whether there is a turn to give back."""
        if flight.needed or self in _within.get():
            return False
        if self._share.fits(tag_of(flight.key)):
            self._share.take(tag_of(flight.key))
            return True
        come: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting[come] = flight
        try:
            async with asyncio.timeout(seconds):
                return await come
        except BaseException:
            if come.done() and not come.cancelled() and come.result():
                self._give_back(flight)  # it came in the same moment
            raise
        finally:
            del self._waiting[come]

    def _give_back(self, flight: Flight[Any]) -> None:
        self._share.give_back(tag_of(flight.key))
        following = {tag_of(wanted.key): come for come, wanted in reversed(self._waiting.items()) if not come.done()}
        for tenant in self._share.choose(reversed(following)):
            following[str(tenant)].set_result(True)
            self._share.take(tenant)
