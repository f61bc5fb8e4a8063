"""Dynamic thresholds, after Choudhury and Hahne (1998): what one tenant holds leaves something for the others. Pure."""

from collections import Counter
from collections.abc import Iterable

_TIMES_THE_FREE = 7


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

    def choose(self, waiting: Iterable[str | None]) -> list[str | None]:
        """Choose the tenant whose turn is next: of those that may take a place, the tenant that holds the fewest, of
        several the first in `waiting`. An empty list if none may."""
        fitting = [tenant for tenant in waiting if self.fits(tenant)]
        return [min(fitting, key=self._held.__getitem__)] if fitting else []
