"""L1 against a dictionary with deadlines, whatever comes in whatever order."""

import math
from collections import Counter

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.support.caches.books import check_memory
from tests.support.examples import examples
from warmline_cache.memory.memory import OVERHEAD, Memory, Removal

KEYS = st.sampled_from([f"k{n}" for n in range(12)])
TENANTS = st.sampled_from("abc")
GROUPS = st.sampled_from("ghi")
TTLS = st.floats(-1, 20) | st.sampled_from([0.0, 0.5, 1.0, math.inf])
BUDGET = 6 * (OVERHEAD + 200)


class Expected:
    """What was put last under a key."""

    def __init__(self, value: int, dead_until: float, groups: frozenset[str]) -> None:
        self.value = value
        self.dead_until = dead_until
        self.groups = groups


class MemoryAgainstADictionary(RuleBasedStateMachine):
    """What is found is what was put last, if it is neither dead nor invalidated; only an eviction may lose it."""

    def __init__(self) -> None:
        super().__init__()
        self.model: dict[str, Expected] = {}
        self.removed: Counter[Removal] = Counter()
        self.now = 1000.0
        self.puts = 0
        self.kept = 0

    @initialize(max_entries=st.none() | st.integers(1, 8))
    def begin(self, max_entries: int | None) -> None:
        self.memory: Memory[int] = Memory(max_bytes=BUDGET, max_entries=max_entries, on_removal=self.count)

    def count(self, cause: Removal, count: int) -> None:
        self.removed[cause] += count

    @rule(key=KEYS, tenant=TENANTS, groups=st.lists(GROUPS, max_size=3), size=st.integers(0, BUDGET), ttl=TTLS)
    def put(self, key: str, tenant: str, groups: list[str], size: int, ttl: float) -> None:
        self.puts += 1
        until = self.now + ttl
        evicted = self.removed[Removal.EVICTED]
        kept = self.memory.put(
            key,
            self.puts,
            tenant=tenant,
            groups=tuple(groups),
            size=size,
            fresh_until=until,
            dead_until=until,
            now=self.now,
        )
        assert kept == (self.now < until and size + OVERHEAD <= BUDGET)
        self.model.pop(key, None)
        if kept:
            self.kept += 1
            self.model[key] = Expected(self.puts, until, frozenset(groups))
        self.settle(self.removed[Removal.EVICTED] - evicted)

    def settle(self, evicted: int) -> None:
        """Exactly as many of the living are gone as were evicted, and then none of the dead is left."""
        held = self.memory._slots
        lost = [key for key, expected in self.model.items() if key not in held and self.now < expected.dead_until]
        assert len(lost) == evicted
        assert not evicted or all(self.now < slot.dead_until for slot in held.values())
        for key in lost:
            del self.model[key]

    @rule(key=KEYS)
    def get(self, key: str) -> None:
        slot = self.memory.get(key, self.now)
        expected = self.model.get(key)
        if expected is None or expected.dead_until <= self.now:
            assert slot is None
        else:
            assert slot is not None
            assert (slot.key, slot.value) == (key, expected.value)

    @rule(key=KEYS)
    def drop(self, key: str) -> None:
        expected = self.model.pop(key, None)
        dropped = self.memory.drop(key)
        assert dropped or expected is None or expected.dead_until <= self.now
        assert expected is not None or not dropped

    @rule(group=GROUPS)
    def drop_group(self, group: str) -> None:
        members = {key for key, expected in self.model.items() if group in expected.groups}
        alive = {key for key in members if self.now < self.model[key].dead_until}
        assert len(alive) <= self.memory.drop_group(group) <= len(members)
        for key in members:
            del self.model[key]

    @rule()
    def clear(self) -> None:
        assert self.memory.clear() <= len(self.model)
        self.model.clear()

    @rule(seconds=st.floats(0, 30) | st.sampled_from([0.5, 1.0, 10.0, 1e6]))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @invariant()
    def the_books_add_up(self) -> None:
        if self.kept:
            check_memory(self.memory)
            assert self.kept == len(self.memory) + self.removed.total()


MemoryAgainstADictionary.TestCase.settings = examples(100)
TestMemory = MemoryAgainstADictionary.TestCase
