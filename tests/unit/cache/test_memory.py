"""L1: what is kept and for how long, what goes first, and who pays."""

import itertools
import math
import random
import tracemalloc
from collections import Counter, OrderedDict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.caches.books import check_memory
from warmline_cache.key import Group, Key
from warmline_cache.memory.memory import OVERHEAD, Memory, Removal

COST = OVERHEAD + 100


class Shelf:
    """A memory with room for `entries` values of 100 bytes, which checks its books, and all that it reported."""

    def __init__(self, entries: float = 20, *, max_entries: int | None = None) -> None:
        self.reports: list[tuple[Removal, int]] = []
        self.memory: Memory[str] = Memory(
            max_bytes=int(entries * COST),
            max_entries=max_entries,
            on_removal=lambda cause, count: self.reports.append((cause, count)),
        )

    def put(
        self,
        *keys: str,
        tenant: str = "a",
        groups: tuple[str, ...] = (),
        size: int = 100,
        until: float = math.inf,
        now: float = 0.0,
    ) -> bool:
        kept = [
            self.memory.put(
                key, key.upper(), tenant=tenant, groups=groups, size=size, fresh_until=until, dead_until=until, now=now
            )
            for key in keys
        ]
        check_memory(self.memory)
        return all(kept)

    def has(self, key: str, now: float = 0.0) -> bool:
        slot = self.memory.get(key, now)
        check_memory(self.memory)
        return slot is not None and slot.value == key.upper()

    def removed(self) -> Counter[Removal]:
        total: Counter[Removal] = Counter()
        for cause, count in self.reports:
            total[cause] += count
        return total


def many(name: str, count: int) -> list[str]:
    return [f"{name}{n}" for n in range(count)]


# -- keeping


def test_a_value_is_found_until_it_is_dead_and_not_a_moment_longer() -> None:
    shelf = Shelf()
    shelf.put("k", until=10.0)
    assert [shelf.has("k", now) for now in (0.0, 9.999, 10.0, 0.0)] == [True, True, False, False]
    assert (len(shelf.memory), shelf.memory.size, shelf.memory.tenants()) == (0, 0, {})


def test_a_value_past_its_freshness_is_still_there_for_whoever_wants_it_stale() -> None:
    memory: Memory[str] = Memory(max_bytes=10_000)
    memory.put("k", "v", tenant="a", groups=("g",), size=1, fresh_until=5.0, dead_until=10.0, now=0.0)
    slot = memory.get("k", 7.0)
    assert slot is not None
    assert (slot.value, slot.fresh_until, slot.dead_until, slot.retry_at) == ("v", 5.0, 10.0, 0.0)
    assert (slot.key, slot.tenant, slot.groups) == ("k", "a", ("g",))


def test_none_is_a_value() -> None:
    memory: Memory[None] = Memory(max_bytes=10_000)
    memory.put("k", None, tenant="a", groups=(), size=0, fresh_until=1.0, dead_until=1.0, now=0.0)
    assert (slot := memory.get("k", 0.0)) is not None
    assert slot.value is None


def test_a_value_without_a_deadline_outlives_any_clock() -> None:
    shelf = Shelf(2)
    shelf.put("forever", until=math.inf)
    shelf.put("short", until=1.0)
    shelf.put("new", now=1e12)
    assert shelf.has("forever", 1e12)


def test_replacing_a_value_replaces_its_size_its_tenant_its_groups_and_its_deadline() -> None:
    shelf = Shelf()
    shelf.put("k", tenant="a", groups=("old",), size=500, until=1.0)
    shelf.put("k", tenant="b", groups=("new",), size=100, until=9.0)
    assert shelf.memory.tenants() == {"b": COST}
    assert shelf.memory.drop_group("old") == 0
    assert shelf.has("k", 8.0)


def test_a_value_larger_than_the_budget_is_refused_and_drives_nobody_out() -> None:
    shelf = Shelf(3)
    shelf.put("small", "other")
    assert not shelf.put("huge", size=10_000)
    assert shelf.put("just fits", size=3 * COST - OVERHEAD)
    assert shelf.removed() == {Removal.EVICTED: 2}


@pytest.mark.parametrize("refused", [{"size": 10**6}, {"until": 5.0, "now": 5.0}, {"until": math.nan}], ids=repr)
def test_a_refused_value_takes_the_older_one_of_its_key_along(refused: dict[str, float]) -> None:
    shelf = Shelf()
    shelf.put("k")
    assert not shelf.put("k", **refused)  # type: ignore[arg-type]
    assert not shelf.has("k")


def test_the_number_of_values_is_bounded_too() -> None:
    shelf = Shelf(100, max_entries=4)
    shelf.put(*many("k", 10))
    assert len(shelf.memory) == 4
    assert not Shelf(max_entries=0).put("k")


sizes = st.integers(0, 3000)
puts = st.tuples(st.integers(0, 20), sizes, st.integers(0, 4), st.floats(0, 9), st.floats(0, 2))


@given(st.lists(puts, max_size=100), st.none() | st.integers(1, 5))
def test_the_budget_holds_and_sums_add_up_whatever_comes(
    stream: list[tuple[int, int, int, float, float]], most: int
) -> None:
    shelf, now, kept = Shelf(8, max_entries=most), 0.0, 0
    for key, size, tenant, ttl, wait in stream:
        kept += shelf.put(str(key), tenant=str(tenant), size=size, until=now + ttl, now=now)
        assert shelf.memory.size == sum(shelf.memory.tenants().values()) <= 8 * COST
        assert len(shelf.memory) <= (most or 8)
        assert kept == len(shelf.memory) + shelf.removed().total()
        now += wait


def test_the_overhead_covers_what_python_takes_and_is_not_guessed_high() -> None:
    count = 10_000
    memory: Memory[None] = Memory(max_bytes=count * OVERHEAD * 100)
    tracemalloc.start()
    for n in range(count):
        memory.put(
            Key("knowledge", "sahyadri-42", (str(n),)).text,
            None,
            tenant="sahyadri-42",
            groups=(Group("sahyadri-42", "organisation").text, Group("sahyadri-42", "knowledge").text),
            size=1000 + n,
            fresh_until=n / 100 + 300,
            dead_until=n / 100 + 900,
            now=n / 100,
        )
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert 0.85 * OVERHEAD < taken / count < OVERHEAD


# -- what goes first


def test_what_was_asked_for_again_outlives_what_was_not() -> None:
    shelf = Shelf(3)
    shelf.put("x", "y", "z")
    assert shelf.has("x")
    shelf.put("new")
    assert [shelf.has(key) for key in ("x", "y", "z", "new")] == [True, False, True, True]


def test_a_scan_of_keys_asked_for_once_does_not_flush_the_popular_ones() -> None:
    shelf = Shelf(20)
    popular = many("popular", 10)
    shelf.put(*popular)
    for n in range(500):
        assert shelf.has(popular[n % 10])
        shelf.put(f"scan{n}")


def test_more_of_a_zipf_trace_is_hit_than_by_lru() -> None:
    keys, room, length = 20_000, 1_000, 60_000
    weights = list(itertools.accumulate(1 / rank for rank in range(1, keys + 1)))
    trace = random.Random(7).choices(many("k", keys), cum_weights=weights, k=length)
    assert sieve_hits(trace, room) - lru_hits(trace, room) > 0.03 * length


def sieve_hits(trace: list[str], room: int) -> int:
    memory: Memory[str] = Memory(max_bytes=room * COST)
    hits = 0
    for key in trace:
        if memory.get(key, 0.0):
            hits += 1
        else:
            memory.put(key, "", tenant="a", groups=(), size=100, fresh_until=9.0, dead_until=9.0, now=0.0)
    assert len(memory) == room
    return hits


def lru_hits(trace: list[str], room: int) -> int:
    lru: OrderedDict[str, None] = OrderedDict()
    hits = 0
    for key in trace:
        if key in lru:
            hits += 1
            lru.move_to_end(key)
        else:
            lru[key] = None
            if len(lru) > room:
                lru.popitem(last=False)
    return hits


@pytest.mark.parametrize("now", [5.0, 5.25, 6.0, 40_000.0])
def test_the_dead_go_before_anything_alive(now: float) -> None:
    shelf = Shelf(4)
    shelf.put("alive", tenant="b")
    shelf.put("dead", until=5.0)
    shelf.put("soon dead", until=now + 0.001)
    shelf.put("alive too")
    shelf.put("new", now=now)
    assert [shelf.has(key, now) for key in ("alive", "soon dead", "alive too", "new")] == [True] * 4
    assert shelf.removed() == {Removal.EXPIRED: 1}


def test_the_living_are_evicted_only_when_the_dead_made_too_little_room() -> None:
    shelf = Shelf(4)
    shelf.put("alive", "alive too")
    shelf.put("dead", "dead too", until=1.0)
    shelf.put("large", size=3 * COST - OVERHEAD, now=2.0)
    assert shelf.reports == [(Removal.EXPIRED, 2), (Removal.EVICTED, 1)]


@pytest.mark.parametrize("jump", [1e9, -1e9], ids=["forward", "back"])
def test_a_clock_that_jumps_brings_nothing_dead_back_and_loses_nothing_alive(jump: float) -> None:
    shelf = Shelf(3)
    shelf.put("a", "b", "c", until=100.0)
    shelf.put("new", now=jump, until=jump + 10)
    assert shelf.has("new", jump + 9)
    shelf.put("later", "later too", now=50.0, until=60.0)
    assert shelf.has("later", 59.0)
    assert not shelf.has("later", 60.0)


# -- who pays


def test_a_noisy_tenant_pays_for_its_own_noise() -> None:
    shelf = Shelf(20)
    quiet = many("quiet", 9)
    shelf.put(*quiet, tenant="quiet")
    shelf.put(*many("noise", 500), tenant="noisy")
    assert all(shelf.has(key) for key in quiet)
    assert shelf.memory.tenants()["noisy"] == 11 * COST


@pytest.mark.parametrize("quiet", [9, 10], ids=["just below", "exactly"])
def test_a_tenant_at_its_share_keeps_it_against_one_that_grows_to_its_own(quiet: int) -> None:
    shelf = Shelf(20)
    shelf.put(*many("quiet", quiet), tenant="quiet")
    shelf.put(*many("first", 20 - quiet), tenant="noisy")
    shelf.put(*many("second", 100), tenant="noisy", size=150)
    assert shelf.memory.tenants()["quiet"] == quiet * COST


def test_a_newcomer_gets_its_share_from_whoever_has_most() -> None:
    shelf = Shelf(20)
    shelf.put(*many("middle", 6), tenant="middle")
    shelf.put(*many("large", 14), tenant="large")
    shelf.put(*many("new", 30), tenant="newcomer")
    held = shelf.memory.tenants()
    assert held["middle"] == 6 * COST
    assert abs(held["newcomer"] - held["large"]) <= COST


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 40), sizes), min_size=20, max_size=200))
def test_nobody_pays_for_another_who_holds_less_than_its_share(stream: list[tuple[int, int, int]]) -> None:
    shelf = Shelf(10)
    for tenant, key, size in stream:
        before = shelf.memory.tenants()
        shelf.put(f"{tenant}:{key}", tenant=str(tenant), size=size)
        after = shelf.memory.tenants()
        # a single value may be more than the share of a tenant that holds nothing else
        others = (
            {name for name in before if name != str(tenant)} if after.get(str(tenant), 0) > size + OVERHEAD else set()
        )
        share = 10 * COST / len(before.keys() | {str(tenant)})
        assert all(after.get(name) == before[name] for name in others if before[name] < share * 15 / 16)


def test_the_largest_never_drives_out_another() -> None:
    shelf = Shelf(100)
    shelf.put(*many("large", 51), tenant="large")
    shelf.put(*many("other", 49), tenant="other")
    for n in range(200):
        shelf.put(f"more{n}", tenant="large")
        assert shelf.memory.tenants() == {"large": 51 * COST, "other": 49 * COST}


def test_shares_are_even_among_thousands_of_tenants() -> None:
    shelf = Shelf(6000)
    rng = random.Random(3)
    for n in range(20_000):
        tenant = "noisy" if n % 2 else str(rng.randrange(2000))
        shelf.memory.put(str(n), "", tenant=tenant, groups=(), size=100, fresh_until=1.0, dead_until=1.0, now=0.0)
    check_memory(shelf.memory)
    assert max(shelf.memory.tenants().values()) <= 5 * COST


# -- what leaves, and why


def test_a_group_goes_together_and_nothing_else_with_it() -> None:
    shelf = Shelf()
    shelf.put("x", groups=("g", "h"))
    shelf.put("y", groups=("g", "g"), tenant="b")
    shelf.put("z", groups=("h",))
    assert [shelf.memory.drop_group("g"), shelf.memory.drop_group("g")] == [2, 0]
    check_memory(shelf.memory)
    assert [shelf.has(key) for key in "xyz"] == [False, False, True]


def test_every_cause_is_told_by_its_name() -> None:
    shelf = Shelf(3)
    shelf.put("a", "b", "c")
    shelf.put("evicts one")
    shelf.put("evicts one")
    shelf.memory.drop("evicts one")
    shelf.memory.drop("not there")
    shelf.put("short", until=1.0)
    assert not shelf.has("short", 1.0)
    shelf.memory.clear()
    shelf.memory.clear()
    assert shelf.reports == [
        (Removal.EVICTED, 1),
        (Removal.REPLACED, 1),
        (Removal.INVALIDATED, 1),
        (Removal.EXPIRED, 1),
        (Removal.CLEARED, 2),
    ]


def test_a_dead_value_that_another_takes_the_place_of_has_expired() -> None:
    shelf = Shelf()
    shelf.put("k", until=1.0)
    shelf.put("k", until=9.0, now=2.0)
    assert shelf.reports == [(Removal.EXPIRED, 1)]


def test_an_operation_tells_each_cause_once_and_when_it_is_over() -> None:
    seen: list[tuple[Removal, int, int]] = []
    memory: Memory[str] = Memory(
        max_bytes=6 * COST, on_removal=lambda cause, count: seen.append((cause, count, len(memory)))
    )

    def put(key: str, size: int, until: float, now: float) -> None:
        memory.put(key, "", tenant="a", groups=(), size=size, fresh_until=until, dead_until=until, now=now)

    for key in ("x", "y", "z"):
        put(key, 100, 1.0, 0.0)
    for key in ("p", "q", "r"):
        put(key, 100, 9.0, 0.0)
    put("x", 5 * COST - OVERHEAD, 9.0, 1.5)
    assert seen == [(Removal.EXPIRED, 3, 2), (Removal.EVICTED, 2, 2)]


def test_clearing_forgets_everything_and_all_begins_anew() -> None:
    shelf = Shelf(3)
    shelf.put("a", "b", groups=("g",), until=1.0)
    assert shelf.memory.clear() == 2
    check_memory(shelf.memory)
    assert (len(shelf.memory), shelf.memory.size, shelf.memory.tenants()) == (0, 0, {})
    shelf.put("a", "b", "c", "d", until=9.0, now=2.0)
    assert shelf.removed() == {Removal.CLEARED: 2, Removal.EVICTED: 1}
