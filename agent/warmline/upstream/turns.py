"""How many calls run at a time, so that a provider's limit is met here and not there.

The bound is halved when the provider refuses a call for being one too many, and grows by one for as many calls in a
row as it is wide: additive increase, multiplicative decrease, after Chiu and Jain (1989). Calls that began before the
last halving say nothing about the new bound and are not counted. No clock: an idle client learns nothing.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator

from warmline_cache.fair import FairShare


class Turn:
    """One call's place. `refused` tells whether the provider had too many calls already; None: it did not say."""

    __slots__ = ("era", "refused")

    def __init__(self, era: int) -> None:
        self.era = era
        self.refused: bool | None = None


class CallTurns:
    """At most `most` turns at a time; fewer after a refusal.

    No tenant holds all (`warmline_cache/fair.py`), so one tenant's slow functions leave some for the others. Of those
    who wait, the tenant that holds the fewest is next, of several the one that was served longest ago, and within a
    tenant whoever asked first.
    """

    def __init__(self, most: int) -> None:
        self._share = FairShare(most)
        self._most = most
        self._served = 0
        self._era = 0
        self._waiting: dict[str | None, deque[asyncio.Future[None]]] = {}

    @property
    def limit(self) -> int:
        """How many may run at a time by what was learnt so far."""
        return self._share.limit

    @contextlib.asynccontextmanager
    async def turn(self, tenant: str | None = None) -> AsyncIterator[Turn]:
        """Wait for a turn and hold it; None is nobody's in particular, and may hold all. To give up waiting is to
        cancel."""
        await self._take(tenant)
        turn = Turn(self._era)
        try:
            yield turn
        finally:
            self._learn(turn)
            self._give_back(tenant)

    async def _take(self, tenant: str | None) -> None:
        if self._share.fits(tenant) and tenant not in self._waiting:
            self._share.take(tenant)
            return
        mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(tenant, deque()).append(mine)
        try:
            await mine
        except asyncio.CancelledError:
            if mine.done() and not mine.cancelled():  # its turn came as it left
                self._give_back(tenant)
            raise

    def _give_back(self, tenant: str | None) -> None:
        self._share.give_back(tenant)
        while chosen := self._share.choose(self._waiting):
            self._serve(chosen[0])

    def _serve(self, tenant: str | None) -> None:
        queue = self._waiting.pop(tenant)
        following = queue.popleft()
        if queue:
            self._waiting[tenant] = queue  # behind the others: of those that hold as many, it was served last
        if not following.done():
            following.set_result(None)
            self._share.take(tenant)

    def _learn(self, turn: Turn) -> None:
        if turn.refused is None or turn.era != self._era:
            return
        if turn.refused:
            self._share.limit = max(1, self.limit // 2)
            self._era += 1
            self._served = 0
            return
        self._served += 1
        if self._served >= self.limit:
            self._share.limit = min(self._most, self.limit + 1)
            self._served = 0
