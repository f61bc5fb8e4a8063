"""L1: what is kept, what goes first, and who pays."""

import itertools
import random
import tracemalloc
from collections import Counter, OrderedDict

import pytest

from warmline.cache.memory import OVERHEAD, Memory, Removal

FOREVER = float("inf")


class Shelf:
    """A memory with room for some small entries, and what it reported."""

    def __init__(self, entries: int, *, max_entries: int | None = None) -> None:
        self.removed: Counter[Removal] = Counter()
        self.memory: Memory[str] = Memory(
            max_bytes=entries * (OVERHEAD + 100), max_entries=max_entries, removed=self._count
        )

    def _count(self, cause: Removal, count: int) -> None:
        self.removed[cause] += count

    def put(
        self,
        key: str,
        *,
        tenant: str = "a",
        size: int = 100,
        until: float = FOREVER,
        now: float = 0.0,
        groups: tuple[str, ...] = (),
    ) -> bool:
        kept = self.memory.put(
            key, key.upper(), tenant=tenant, groups=groups, size=size, fresh_until=until, dead_until=until, now=now
        )
        self.memory.check()
        return kept

    def has(self, key: str, now: float = 0.0) -> bool:
        slot = self.memory.get(key, now)
        self.memory.check()
        return slot is not None and slot.value == key.upper()


def test_a_value_is_found_until_it_dies_and_not_a_moment_longer() -> None:
    shelf = Shelf(3)
    shelf.put("k", until=10.0)
    assert [shelf.has("k", now) for now in (0.0, 9.999, 10.0)] == [True, True, False]
    assert shelf.removed == {Removal.EXPIRED: 1}


def test_what_was_asked_for_again_outlives_what_was_not() -> None:
    shelf = Shelf(3)
    for name in "xyz":
        shelf.put(name)
    assert shelf.has("x")
    shelf.put("new")
    assert [shelf.has(name) for name in ("x", "y", "z", "new")] == [True, False, True, True]
    assert shelf.removed == {Removal.EVICTED: 1}


def test_a_scan_of_things_asked_for_once_does_not_flush_the_popular_ones() -> None:
    shelf = Shelf(20)
    popular = [f"p{n}" for n in range(10)]
    for name in popular:
        shelf.put(name)
    for n in range(200):
        shelf.has(popular[n % 10])
        shelf.put(f"scan{n}")
    assert all(shelf.has(name) for name in popular)


def test_hit_ratio_on_a_zipf_trace_beats_lru() -> None:
    keys, room, rng = 20_000, 1000, random.Random(7)
    weights = list(itertools.accumulate(1 / rank for rank in range(1, keys + 1)))
    trace = rng.choices(range(keys), cum_weights=weights, k=60_000)
    shelf, lru, hits = Shelf(room), OrderedDict[int, None](), Counter[str]()
    for number in trace:
        if shelf.memory.get(str(number), 0.0):
            hits["sieve"] += 1
        else:
            shelf.memory.put(
                str(number),
                "",
                tenant="a",
                groups=(),
                size=100,
                fresh_until=FOREVER,
                dead_until=FOREVER,
                now=0.0,
            )
        if number in lru:
            hits["lru"] += 1
            lru.move_to_end(number)
        else:
            lru[number] = None
            if len(lru) > room:
                lru.popitem(last=False)
    assert (hits["sieve"] - hits["lru"]) / len(trace) > 0.03


def test_the_dead_go_before_anything_living() -> None:
    shelf = Shelf(3)
    shelf.put("alive")
    shelf.put("short", until=5.0)
    shelf.put("alive too")
    shelf.put("new", now=60.0)
    assert shelf.has("alive", 60.0)
    assert shelf.has("alive too", 60.0)
    assert shelf.removed == {Removal.EXPIRED: 1}


@pytest.mark.parametrize("now", [1e9, -1e9])
def test_a_clock_that_jumps_costs_values_at_most(now: float) -> None:
    shelf = Shelf(3)
    for n in range(3):
        shelf.put(str(n), until=100.0 + n)
    shelf.put("new", now=now, until=now + 10)
    assert shelf.has("new", now)


def test_a_noisy_tenant_pays_for_its_own_noise() -> None:
    shelf = Shelf(20)
    for n in range(9):
        shelf.put(f"quiet{n}", tenant="quiet")
    for n in range(500):
        shelf.put(f"noise{n}", tenant="noisy")
    assert all(shelf.has(f"quiet{n}") for n in range(9))
    assert shelf.memory.tenants()["noisy"] == 11 * (OVERHEAD + 100)


def test_a_newcomer_gets_its_share_from_the_largest() -> None:
    shelf = Shelf(20)
    for n in range(20):
        shelf.put(f"noise{n}", tenant="noisy")
    for n in range(10):
        shelf.put(f"new{n}", tenant="newcomer")
    assert set(shelf.memory.tenants().values()) == {10 * (OVERHEAD + 100)}


def test_a_thousand_tenants_share_alike() -> None:
    shelf = Shelf(2000)
    for n in range(6000):
        shelf.memory.put(
            f"k{n}",
            "",
            tenant=str(n % 1000 if n % 2 else 0),
            groups=(),
            size=100,
            fresh_until=FOREVER,
            dead_until=FOREVER,
            now=0.0,
        )
    shelf.memory.check()
    assert max(shelf.memory.tenants().values()) > 3 * (OVERHEAD + 100)
    assert len(shelf.memory.tenants()) == 501


def test_a_group_goes_together_and_nothing_else() -> None:
    shelf = Shelf(5)
    shelf.put("x", groups=("g", "h"))
    shelf.put("y", groups=("g",))
    shelf.put("z", groups=("h",))
    assert shelf.memory.drop_group("g") == 2
    assert [shelf.has(name) for name in "xyz"] == [False, False, True]
    assert shelf.memory.drop_group("g") == 0
    assert shelf.removed == {Removal.INVALIDATED: 2}


def test_dropping_and_clearing_say_what_left() -> None:
    shelf = Shelf(5)
    for name in "xyz":
        shelf.put(name)
    assert [shelf.memory.drop("x"), shelf.memory.drop("x")] == [True, False]
    assert shelf.memory.clear() == 2
    assert (len(shelf.memory), shelf.memory.size) == (0, 0)
    assert shelf.removed == {Removal.INVALIDATED: 1, Removal.CLEARED: 2}


def test_replacing_a_value_replaces_its_size() -> None:
    shelf = Shelf(5)
    shelf.put("k", size=300)
    shelf.put("k", size=100)
    assert shelf.memory.size == OVERHEAD + 100
    assert shelf.removed == {Removal.REPLACED: 1}


def test_what_is_larger_than_the_budget_is_not_kept_and_drives_nobody_out() -> None:
    shelf = Shelf(3)
    shelf.put("small")
    shelf.put("k")
    assert not shelf.put("k", size=10_000)
    assert not shelf.put("dead", until=1.0, now=1.0)
    assert [shelf.has(name) for name in ("small", "k", "dead")] == [True, False, False]


def test_entries_are_bounded_by_number_too() -> None:
    shelf = Shelf(100, max_entries=4)
    for n in range(10):
        shelf.put(str(n))
    assert len(shelf.memory) == 4
    assert not Shelf(3, max_entries=0).put("k")


def test_the_overhead_that_is_charged_covers_what_python_really_takes() -> None:
    count = 20_000
    memory: Memory[None] = Memory(max_bytes=count * OVERHEAD * 2)
    tracemalloc.start()
    for n in range(count):
        memory.put(
            f"wl2:{{sahyadri}}:rag:{n:032x}-----",
            None,
            tenant="sahyadri",
            groups=("wl2:{sahyadri}:group:organisation", "wl2:{sahyadri}:group:knowledge"),
            size=0,
            fresh_until=n / 10,
            dead_until=1e6 + n / 10,
            now=0.0,
        )
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert 0.6 * OVERHEAD < taken / count < OVERHEAD
