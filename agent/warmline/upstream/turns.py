"""How many calls run at a time, so that a provider's limit is met here and not there.

The bound is halved when the provider refuses a call for being one too many, and grows by one for as many calls in a
row as it is wide: additive increase, multiplicative decrease, after Chiu and Jain (1989). Calls that began before the
last halving say nothing about the new bound and are not counted. No clock: an idle client learns nothing.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from warmline_cache.fair import FairQueue


class Turn:
    """One call's place. `refused` tells whether the provider had too many calls already; None: it did not say."""

    __slots__ = ("era", "refused")

    def __init__(self, era: int) -> None:
        self.era = era
        self.refused: bool | None = None


class CallTurns:
    """At most `most` turns at a time; fewer after a refusal.

    No tenant holds all (`warmline_cache/fair.py`), so one tenant's slow functions leave some for the others.
    """

    def __init__(self, most: int) -> None:
        self._queue = FairQueue(most)
        self._most = most
        self._served = 0
        self._era = 0

    @property
    def limit(self) -> int:
        """How many may run at a time by what was learnt so far."""
        return self._queue.share.limit

    @contextlib.asynccontextmanager
    async def turn(self, tenant: str | None = None, seconds: float | None = None) -> AsyncIterator[Turn]:
        """Wait for a turn and hold it; None is nobody's in particular, and may hold all. Raises TimeoutError if it has
        not come within `seconds`."""
        await self._queue.take(tenant, seconds, asyncio.get_running_loop().create_future())
        turn = Turn(self._era)
        try:
            yield turn
        finally:
            self._learn(turn)
            self._queue.give_back(tenant)

    def _learn(self, turn: Turn) -> None:
        if turn.refused is None or turn.era != self._era:
            return
        if turn.refused:
            self._queue.share.limit = max(1, self.limit // 2)
            self._era += 1
            self._served = 0
            return
        self._served += 1
        if self._served >= self.limit:
            self._queue.share.limit = min(self._most, self.limit + 1)
            self._served = 0
