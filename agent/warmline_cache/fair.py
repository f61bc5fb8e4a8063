"""Places that tenants share fairly, and those who wait for one.

Dynamic thresholds, after Choudhury and Hahne (1998): what one tenant holds leaves something for the others.
"""

import asyncio
import itertools
from collections import Counter
from collections.abc import Iterable, Mapping

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
        if tenant is None or not self._held[tenant]:
            return free > 0
        return free > 1 and self._held[tenant] < _TIMES_THE_FREE * free

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

    def choose(self, waiting: Iterable[str | None], served: Mapping[str | None, int]) -> list[str | None]:
        """Choose the tenant whose turn is next: of those that may take a place, the tenant that holds the fewest, of
        several the one that was `served` first. An empty list if none may."""
        fitting = [tenant for tenant in waiting if self.fits(tenant)]
        return [min(fitting, key=lambda tenant: (self._held[tenant], served.get(tenant, 0)))] if fitting else []


class FairQueue:
    """Those who wait for one of a `FairShare`'s places.

    The tenant that holds the fewest is next, of several the tenant that was served longest ago, and within a tenant
    whoever came first. Whoever leaves is forgotten at once: its tenant neither loses its turn for it nor keeps memory.
    """

    def __init__(self, limit: int) -> None:
        self.share = FairShare(limit)
        self._waiting: dict[str | None, dict[Come, None]] = {}
        self._served: dict[str | None, int] = {}
        self._places = itertools.count(1)

    async def take(self, tenant: str | None, seconds: float | None, come: Come) -> bool:
        """Wait for a place and take it. Returns False if `come` was excused.

        Raises TimeoutError if no place came within `seconds`; None is for ever.
        """
        if self.share.fits(tenant) and tenant not in self._waiting:
            self.share.take(tenant)
            return True
        self._waiting.setdefault(tenant, {})[come] = None
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
        while chosen := self.share.choose(self._waiting, self._served):
            self._serve(chosen[0])

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
            del self._served[next(iter(self._served))]

    def _forget(self, tenant: str | None, come: Come) -> None:
        queue = self._waiting.get(tenant, {})
        queue.pop(come, None)
        if not queue:
            self._waiting.pop(tenant, None)
