import json
from collections.abc import Sequence
from dataclasses import replace

import msgspec
import pytest

from tests.support.processes import ROOT
from warmline.accounts.prices import PRICES
from warmline.errors import SettingsError
from warmline.settings import PROFILES
from warmline_studies.planner import (
    CACHES,
    Affinity,
    Capacity,
    Estimate,
    Origin,
    Outcome,
    Restart,
    Script,
    Wish,
    as_json,
    fleet_of,
    ideal,
    lines,
    notes,
    numbers,
    plans,
    simulate,
)
from warmline_studies.planner.redis import Redis, Stored, stored_size
from warmline_studies.traces import Entry, Kind, Shape, generate, invent_tenants

SHAPE = Shape(conversations=1500, callers=600, questions=100, seconds=14_400, tenants=invent_tenants(8, 2))
SCRIPT = Script(Origin(sample_rate=8000), sessions=False)


@pytest.fixture(scope="module")
def trace() -> list[Entry]:
    return list(generate(SHAPE, 1))


def outcome(trace: Sequence[Entry], workers: int, affinity: Affinity, *, shared: bool, weight: float = 1) -> Outcome:
    profile = PROFILES["high_traffic"]
    fleet = fleet_of(profile, workers=workers, affinity=affinity, shared=shared, weight=weight)
    return simulate(trace, fleet, SCRIPT)


def test_more_workers_without_redis_find_less_and_affinity_brings_some_of_it_back(trace: list[Entry]) -> None:
    one = outcome(trace, 1, Affinity.NONE, shared=False)
    turns = outcome(trace, 10, Affinity.NONE, shared=False)
    sticky = outcome(trace, 10, Affinity.IP_HASH, shared=False)
    for cache in ("rag", "config"):
        assert turns.hit_ratio(cache) < sticky.hit_ratio(cache) < one.hit_ratio(cache), cache


def test_a_shared_redis_makes_ten_workers_as_good_as_one_without_bounds(trace: list[Entry]) -> None:
    shared = outcome(trace, 10, Affinity.NONE, shared=True)
    best = simulate(trace, ideal(shared.fleet), SCRIPT)
    for cache in CACHES:
        assert shared.hit_ratio(cache) == pytest.approx(best.hit_ratio(cache), abs=0.01), cache


def test_every_lookup_is_counted_once(trace: list[Entry]) -> None:
    found = outcome(trace, 3, Affinity.SESSION, shared=True)
    kinds = [entry.kind for entry in trace]
    asked, greeted = kinds.count(Kind.QUESTION), kinds.count(Kind.GREETING)
    assert found.requests == 2 * asked + greeted
    assert found.lookups("rag") == found.lookups("prompt") == asked
    assert found.lookups("tts") == asked + greeted
    assert found.lookups("config") == 2 * asked + greeted


def test_over_sessions_a_call_stays_at_its_worker_whatever_the_affinity() -> None:
    call = [Entry(0, "o", "a", "10.0.0.1", Kind.GREETING, "")]
    call += [Entry(10.0 * n, "o", "a", "10.0.0.1", Kind.QUESTION, "Why?") for n in range(1, 9)]
    for sessions, reached in ((True, 1), (False, 4)):
        fleet = fleet_of(PROFILES["low_traffic"], workers=4, affinity=Affinity.NONE, shared=False, sessions=sessions)
        assert simulate(call, fleet, Script(Origin(), sessions=sessions)).workers_used == reached


def test_a_restart_costs_l1_and_redis_makes_up_for_it(trace: list[Entry]) -> None:
    fleet = fleet_of(PROFILES["high_traffic"], workers=4, affinity=Affinity.IP_HASH, shared=False)
    for shared, lost in ((True, 0), (False, 5)):
        steady = simulate(trace, replace(fleet, shared=shared), SCRIPT)
        restarts = tuple(Restart(at, 4) for at in range(1000, 14_000, 1000))
        restarted = simulate(trace, replace(fleet, shared=shared, restarts=restarts), SCRIPT)
        assert restarted.loads["config"] + restarted.loads["rag"] >= steady.loads["config"] + steady.loads["rag"] + lost
        assert restarted.tallies["rag"] != steady.tallies["rag"]
        if shared:
            assert restarted.loads["rag"] == pytest.approx(steady.loads["rag"], rel=0.02)


def test_a_sample_of_the_organisations_finds_what_all_of_them_find() -> None:
    """One in four, each standing for four, on a fleet of twenty."""
    whole = Shape(
        conversations=6000, callers=2400, questions=60, seconds=10_000, tenants=invent_tenants(32, 1), turns=4
    )
    fleet = fleet_of(PROFILES["high_traffic"], workers=20, affinity=Affinity.IP_HASH, shared=True)
    all_of_it = simulate(generate(whole, 1), fleet, SCRIPT)
    part = simulate(generate(whole.sample(4), 1), replace(fleet, weight=4), SCRIPT)
    for cache in CACHES:
        assert part.hit_ratio(cache) == pytest.approx(all_of_it.hit_ratio(cache), abs=0.03), cache
        assert 4 * part.loads[cache] == pytest.approx(all_of_it.loads[cache], rel=0.2), cache
    assert 4 * part.redis.reads == pytest.approx(all_of_it.redis.reads, rel=0.2)


def test_an_entry_cannot_stand_for_more_than_l1_can_be_scaled_down_to() -> None:
    with pytest.raises(ValueError, match="at most 25"):
        fleet_of(PROFILES["low_traffic"], workers=1, affinity=Affinity.NONE, shared=True, weight=26)


def test_a_plan_says_what_is_outgrown(trace: list[Entry]) -> None:
    wish = Wish(profile=PROFILES["high_traffic"], capacity=Capacity(calls=0.5, memory=1 << 20))
    small, big = (one for one, _ in plans(lambda: trace, (2, 10_000), wish))
    assert small.shards.calls > 1
    assert small.shards.memory == -(-small.redis_memory // (1 << 20))
    text = "\n".join(lines(big, dict.fromkeys(CACHES, 1.0)))
    assert "one Redis is outgrown" in text
    assert "3,729 of the 10,000 workers would never get a caller" in text
    assert "lower speech_sockets_prewarm" in text
    assert "sharing out the account's sockets" in text


def test_shards_carry_what_can_be_divided_and_no_organisation_can() -> None:
    """Seven small organisations and one that makes half of all calls."""
    names = [*(f"small-{n}" for n in range(7)), *["large"] * 7]
    entries = [Entry(float(n), names[n % 14], "a", "10.0.0.1", Kind.QUESTION, f"Why {n}?") for n in range(1400)]

    def said(memory: int, weight: float = 1.0) -> tuple[Estimate, str]:
        wish = Wish(PROFILES["high_traffic"], weight=weight, capacity=Capacity(memory=memory))
        ((found, _),) = plans(lambda: entries, (4,), wish)
        return found, "\n".join(notes(found))

    whole = said(1 << 40)[0].redis_memory
    ample, text = said(int(0.6 * whole))
    assert ample.shards.needed == 2
    assert ample.shards.largest == pytest.approx(0.5 / 0.6, rel=0.02)
    assert "at least 2 shards carry it, each of 8 organisations on one of them; the largest takes 83%" in text
    short, text = said(int(0.2 * whole))
    assert short.shards.largest == pytest.approx(0.5 / 0.2, rel=0.02)
    assert "shards do not carry it" in text
    assert "the largest of 8 needs 2.5" in text
    many, _ = said(int(0.6 * whole), weight=10)
    assert many.shards.needed == pytest.approx(10 / 0.6, abs=1)
    assert many.shards.largest == ample.shards.largest


def test_money_is_what_loads_cost_at_the_given_prices() -> None:
    entries = [Entry(n * 3600.0, "o", "a", "10.0.0.1", Kind.GREETING, "x" * 100) for n in range(25)]
    wish = Wish(profile=numbers("low_traffic", ["cache_tts_ttl=86400"]))
    ((found, _),) = plans(lambda: entries, (1,), wish)
    month_of_greetings = 25 * 30 * PRICES.speech("bulbul:v3", 100) / 1e6
    assert found.cost_uncached == pytest.approx(month_of_greetings)
    assert found.cost == pytest.approx(month_of_greetings * found.caches["tts"].loads / found.caches["tts"].lookups)
    assert found.cost < found.cost_uncached / 10


def test_what_comes_before_the_end_of_the_warm_up_is_not_counted(trace: list[Entry]) -> None:
    fleet = fleet_of(PROFILES["high_traffic"], workers=2, affinity=Affinity.NONE, shared=True)
    cold, warm = simulate(trace, fleet, SCRIPT), simulate(trace, fleet, SCRIPT, warm_up=7200)
    assert warm.lookups("rag") < cold.lookups("rag")
    assert warm.hit_ratio("config") > cold.hit_ratio("config")


def test_a_plan_as_json_holds_what_the_text_says(trace: list[Entry]) -> None:
    (planned,) = plans(lambda: trace, (3,), Wish(profile=PROFILES["low_traffic"]))
    found = json.loads(as_json(planned))
    assert found["workers"] == 3
    assert found["caches"]["tts"]["hit"] == planned.estimate.caches["tts"].hit
    assert found["best"].keys() == set(CACHES)
    assert any("prices file" in note for note in found["notes"])


@pytest.mark.parametrize(("change", "says"), [("rag_ttl=1", "no such number"), ("cache_rag_ttl=-1", "greater than 0")])
def test_numbers_that_are_none_are_refused(change: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        numbers("low_traffic", [change])


def test_the_capacity_of_one_redis_is_what_the_benchmark_measured() -> None:
    tables = json.loads((ROOT / "docs" / "results" / "cache.json").read_text(encoding="utf-8"))["tables"]

    def measured(table: str) -> float:
        hits: float = tables[table]["rows"]["warmline, 10 organisations"]["100 tasks, hits/s"]["median"]
        return hits

    assert Capacity().calls == pytest.approx(measured("l2_200b"), rel=0.25)
    assert Capacity().bytes == pytest.approx(measured("l2_50kb") * 50_000, rel=0.25)


def test_redis_counts_what_it_holds_until_its_time_is_over() -> None:
    redis = Redis()
    redis.put("a", Stored(10, 100, 1000, ()), 0, stale=5, organisation="o")
    redis.put("b", Stored(60, 100, 1000, ()), 50, stale=5, organisation="p")
    redis.put("c", Stored(160, 200, 1000, ()), 150, stale=5, organisation="o")
    assert redis.useful == stored_size(1000)
    assert redis.peak == 2 * stored_size(1000)
    assert redis.largest().memory == stored_size(1000)
    assert redis.get("a", (), 50) is None
    assert redis.get("c", (), 151) is not None


def test_a_trace_of_nothing_but_changes_is_planned() -> None:
    entries = [Entry(1.0, "o", "", "", Kind.INVALIDATE, "")]
    ((found, _),) = plans(lambda: entries, (1,), Wish(profile=PROFILES["low_traffic"]))
    assert msgspec.to_builtins(found)["requests"] == 0
