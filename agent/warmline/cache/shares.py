"""Which tenant is furthest over its share.

Shares are equal, so it is the one that holds most. Tenants stand in buckets by their bytes, in steps of a thousandth
of the budget: who is found holds the most to within one step. The top pointer falls only through buckets that growth
had raised it over, so finding is amortised O(1) for entries up to a step, and O(size / step) for larger ones.
"""

STEPS = 1024


class Shares:
    """Bytes by tenant. `budget` is that of all together."""

    __slots__ = ("_buckets", "_step", "_top", "bytes")

    def __init__(self, budget: int) -> None:
        self.bytes: dict[str, int] = {}
        """What each tenant holds; nobody stands here with nothing."""
        self._step = max(1, budget // STEPS)
        self._buckets: dict[int, dict[str, None]] = {}
        self._top = 0

    def change(self, tenant: str, by: int) -> None:
        """The tenant holds `by` bytes more, or less if negative."""
        before = self.bytes.get(tenant, 0)
        now = before + by
        if before:
            self._leave(tenant, before // self._step)
        if now:
            self.bytes[tenant] = now
            level = now // self._step
            self._buckets.setdefault(level, {})[tenant] = None
            self._top = max(self._top, level)
        else:
            self.bytes.pop(tenant, None)

    def largest(self) -> str:
        """A tenant that holds most, to within a step. Somebody must hold something."""
        assert self._buckets, "nobody holds anything"
        while self._top not in self._buckets:
            self._top -= 1
        return next(iter(self._buckets[self._top]))

    def _leave(self, tenant: str, level: int) -> None:
        bucket = self._buckets[level]
        del bucket[tenant]
        if not bucket:
            del self._buckets[level]
