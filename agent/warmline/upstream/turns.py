"""How many calls run at a time, so that a provider's limit is met here and not there.

The bound is halved when the provider refuses a call for being one too many, and grows by one for as many calls in a
row as it is wide: additive increase, multiplicative decrease, after Chiu and Jain (1989). Calls that began before the
last halving say nothing about the new bound and are not counted. No clock: an idle client learns nothing.
"""

import asyncio
import contextlib
from collections import Counter, deque
from collections.abc import AsyncIterator, Hashable

_TIMES_THE_FREE = 7


class Turn:
    """One call's place. `refused` tells whether the provider had too many calls already; None: it did not say."""

    __slots__ = ("era", "refused")

    def __init__(self, era: int) -> None:
        self.era = era
        self.refused: bool | None = None


class CallTurns:
    """At most `most` turns at a time; fewer after a refusal.

    A tenant holds at most seven times as many as are free, and never the last one beside others of its own: 28 of 32
    if it is alone, 15 if another wants as many, 1 of 2. So one tenant's slow functions leave some for the others
    (dynamic thresholds, after Choudhury and Hahne, 1998). Of those who wait, the tenant that holds the fewest is next,
    of several the one that was served longest ago, and within a tenant whoever asked first.
    """

    def __init__(self, most: int) -> None:
        self.limit = most
        self._most = most
        self._taken = 0
        self._served = 0
        self._era = 0
        self._held: Counter[Hashable] = Counter()
        self._waiting: dict[Hashable, deque[asyncio.Future[None]]] = {}

    @contextlib.asynccontextmanager
    async def turn(self, tenant: Hashable = None) -> AsyncIterator[Turn]:
        """Wait for a turn and hold it; None is nobody's in particular, and may hold all. To give up waiting is to
        cancel."""
        await self._take(tenant)
        turn = Turn(self._era)
        try:
            yield turn
        finally:
            self._learn(turn)
            self._give_back(tenant)

    async def _take(self, tenant: Hashable) -> None:
        if self._fits(tenant) and tenant not in self._waiting:
            self._count(tenant)
            return
        mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(tenant, deque()).append(mine)
        try:
            await mine
        except asyncio.CancelledError:
            if mine.done() and not mine.cancelled():  # its turn came as it left
                self._give_back(tenant)
            raise

    def _fits(self, tenant: Hashable) -> bool:
        free = self.limit - self._taken
        if tenant is None or not self._held[tenant]:
            return free > 0
        return free > 1 and self._held[tenant] < _TIMES_THE_FREE * free

    def _count(self, tenant: Hashable) -> None:
        self._taken += 1
        self._held[tenant] += 1

    def _give_back(self, tenant: Hashable) -> None:
        self._taken -= 1
        self._held[tenant] -= 1
        if not self._held[tenant]:
            del self._held[tenant]
        while fitting := [waiting for waiting in self._waiting if self._fits(waiting)]:
            self._serve(min(fitting, key=self._held.__getitem__))

    def _serve(self, tenant: Hashable) -> None:
        queue = self._waiting.pop(tenant)
        following = queue.popleft()
        if queue:
            self._waiting[tenant] = queue  # behind the others: of those that hold as many, it was served last
        if not following.done():
            following.set_result(None)
            self._count(tenant)

    def _learn(self, turn: Turn) -> None:
        if turn.refused is None or turn.era != self._era:
            return
        if turn.refused:
            self.limit = max(1, self.limit // 2)
            self._era += 1
            self._served = 0
            return
        self._served += 1
        if self._served >= self.limit:
            self.limit = min(self._most, self.limit + 1)
            self._served = 0
