"""Places that tenants share fairly, and those who wait for one.

Dynamic thresholds, after Choudhury and Hahne (1998): what one tenant holds leaves something for the others.
"""

import asyncio
import itertools
from collections import Counter
from collections.abc import KeysView
from heapq import heappop, heappush, heapreplace

_TIMES_THE_FREE = 7

_REMEMBERED = 4096
"""Tenants of which it is known when they were served last."""

Come = asyncio.Future[bool]
"""Whether the place that is waited for came: False where it is not needed any more."""


class FairShare:
    """At most `limit` places, of which a tenant holds at most seven times as many as are free.

    Nor does it take the last place beside others of its own. So a tenant that is alone may hold 28 of 32, or 1 of 2,
    and two that want all may hold 15 of 32 each. None is nobody's in particular, and may hold all.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._taken = 0
        self._held: Counter[str | None] = Counter()

    def fits(self, tenant: str | None) -> bool:
        """Tell whether the tenant may take another place."""
        free = self.limit - self._taken
        if tenant is None or not self.held(tenant):
            return free > 0
        return free > 1 and self.held(tenant) < _TIMES_THE_FREE * free

    def take(self, tenant: str | None) -> None:
        """Count a place as taken."""
        self._taken += 1
        self._held[tenant] += 1

    def give_back(self, tenant: str | None) -> None:
        """Count a place as free again."""
        self._taken -= 1
        self._held[tenant] -= 1
        if not self._held[tenant]:
            del self._held[tenant]

    def held(self, tenant: str | None) -> int:
        """Count the tenant's places."""
        return self._held.get(tenant, 0)

    @property
    def holders(self) -> KeysView[str | None]:
        """Those who hold a place."""
        return self._held.keys()


class FairQueue:
    """Those who wait for one of a `FairShare`'s places.

    The tenant that holds the fewest is next, of several the tenant that was served longest ago, and within a tenant
    whoever came first. Whoever leaves is forgotten at once: its tenant neither loses its turn for it nor keeps memory.
    """

    def __init__(self, limit: int) -> None:
        self.share = FairShare(limit)
        self._waiting: dict[str | None, dict[Come, None]] = {}
        self._served: dict[str | None, int] = {}
        self._forgotten = 0
        """When the tenant that was forgotten last was served. All that are not remembered count as served then: before
        all who wait, whoever was served at some time would wait for as long as others come."""
        self._idle: list[tuple[int, int, str | None]] = []
        """Tenants that hold no place, those that were served longest ago first: to look at each that waits takes
        milliseconds where they are a thousand. An entry that is not so any more is removed when it comes to the top."""
        self._listed: set[str | None] = set()
        self._places = itertools.count(1)

    async def take(self, tenant: str | None, seconds: float | None, come: Come) -> bool:
        """Wait for a place and take it. Returns False if `come` was excused.

        Raises TimeoutError if no place came within `seconds`; None is for ever.
        """
        if self.share.fits(tenant) and tenant not in self._waiting:
            self.share.take(tenant)
            return True
        self._waiting.setdefault(tenant, {})[come] = None
        self._list(tenant)
        try:
            async with asyncio.timeout(seconds):
                return await come
        except BaseException:
            if come.done() and not come.cancelled() and come.result():
                self.give_back(tenant)  # it came in the same moment
            raise
        finally:
            self._forget(tenant, come)

    def excuse(self, tenant: str | None, come: Come) -> None:
        """End a wait for a place that is not needed any more."""
        self._forget(tenant, come)
        if not come.done():
            come.set_result(False)

    def give_back(self, tenant: str | None) -> None:
        """Free a place, and hand out what is free."""
        self.share.give_back(tenant)
        if tenant in self._waiting:
            self._list(tenant)
        while chosen := self._choose():
            self._serve(chosen[0])

    def _list(self, tenant: str | None) -> None:
        if tenant not in self._listed and not self.share.held(tenant):
            self._listed.add(tenant)
            heappush(self._idle, (self._find_served(tenant), next(self._places), tenant))

    def _choose(self) -> list[str | None]:
        """Choose the tenant whose turn is next: of those that may take a place, the tenant that holds the fewest, of
        several the one that was served longest ago. An empty list if none may."""
        while self._idle:
            served, place, tenant = self._idle[0]
            if tenant not in self._waiting or self.share.held(tenant):
                heappop(self._idle)
                self._listed.discard(tenant)
            elif served < self._served.get(tenant, 0):  # at a time when it held others
                heapreplace(self._idle, (self._served[tenant], place, tenant))
            else:
                return [tenant] if self.share.fits(tenant) else []
        fitting = [tenant for tenant in self.share.holders if tenant in self._waiting and self.share.fits(tenant)]
        return [min(fitting, key=self._order)] if fitting else []

    def _order(self, tenant: str | None) -> tuple[int, int]:
        return self.share.held(tenant), self._find_served(tenant)

    def _serve(self, tenant: str | None) -> None:
        come = next(iter(self._waiting[tenant]))
        self._forget(tenant, come)
        if come.done():  # it left in this moment, and costs its tenant nothing
            return
        self._remember(tenant)
        self.share.take(tenant)
        come.set_result(True)

    def _remember(self, tenant: str | None) -> None:
        """When it was served last; of tenants that nobody remembers the longest ago."""
        self._served.pop(tenant, None)
        self._served[tenant] = next(self._places)
        if len(self._served) > _REMEMBERED:
            self._forgotten = self._served.pop(next(iter(self._served)))

    def _find_served(self, tenant: str | None) -> int:
        return self._served.get(tenant, self._forgotten)

    def _forget(self, tenant: str | None, come: Come) -> None:
        queue = self._waiting.get(tenant, {})
        queue.pop(come, None)
        if not queue:
            self._waiting.pop(tenant, None)
