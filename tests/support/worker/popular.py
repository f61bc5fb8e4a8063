"""The popularity store as a dict, held to the contract that Redis is held to."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence

from warmline.warming.popular import Question, Ranked, merge
from warmline_cache.errors import StoreUnavailable


class DictPopular:
    """`PopularStore` without bounds or retention; `broken` makes every call fail."""

    def __init__(self) -> None:
        self.broken = False
        self.calls = 0
        self.asked: defaultdict[str, Counter[bytes]] = defaultdict(Counter)
        self.days: defaultdict[str, defaultdict[int, Counter[Question]]] = defaultdict(lambda: defaultdict(Counter))

    async def distinct(self, organisation: str, digests: Sequence[bytes], *, new: Collection[bytes]) -> Sequence[int]:
        self._check()
        self.asked[organisation].update(digest for digest in digests if digest in new)
        return [self.asked[organisation][digest] for digest in digests]

    async def add(self, organisation: str, counts: Mapping[Question, int], *, day: int) -> None:
        self._check()
        self.days[organisation][day].update(counts)

    async def top(self, organisation: str, limit: int, *, day: int) -> Sequence[Ranked]:
        self._check()
        return merge([self.days[organisation][day - age] for age in range(8)], limit)

    async def forget(self, organisation: str, *, day: int) -> None:
        self._check()
        self.asked.pop(organisation, None)
        self.days.pop(organisation, None)

    def _check(self) -> None:
        self.calls += 1
        if self.broken:
            raise StoreUnavailable("broken by the test")
