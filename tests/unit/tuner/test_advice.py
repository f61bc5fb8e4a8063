import os
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from warmline.settings import PROFILES
from warmline_cache import Source
from warmline_studies.commands.room import size
from warmline_studies.planner import UNBOUNDED, Affinity, Origin, Script, fleet_of, ideal, simulate
from warmline_studies.planner.fleet import Bound
from warmline_studies.traces import Entry, Kind, Part, Shape, generate, invent_tenants, sample
from warmline_studies.tuner import Advice, Setting, advice, choose_rate, compare, draw_advice, lines, study
from warmline_studies.tuner.recommend import OLDEST

SCRIPT = Script(Origin(sample_rate=8000), sessions=False)
QUIET = Shape(conversations=1200, callers=500, questions=150, seconds=43_200)
BUSY = Shape(conversations=4000, callers=2000, questions=300, seconds=7_200, tenants=invent_tenants(4, 2))
Advised = dict[str, Advice]


def given(trace: Sequence[Entry], *, workers: int = 4, room: int = 1 << 30) -> Advised:
    found = study(trace, SCRIPT, PROFILES["low_traffic"], Setting(workers, Affinity.NONE))
    return {one.cache: one for one in advice(found, room=room)}


@pytest.fixture(scope="module")
def quiet() -> list[Entry]:
    return list(generate(QUIET, 1))


@pytest.fixture(scope="module")
def busy() -> list[Entry]:
    return list(generate(BUSY, 1))


@pytest.fixture(scope="module")
def for_quiet(quiet: list[Entry]) -> Advised:
    return given(quiet)


@pytest.fixture(scope="module")
def for_busy(busy: list[Entry]) -> Advised:
    return given(busy)


@pytest.mark.parametrize("profile", ["low_traffic", "high_traffic"])
def test_a_lifetime_brings_what_the_simulation_says(quiet: list[Entry], for_quiet: Advised, profile: str) -> None:
    fleet = fleet_of(PROFILES[profile], workers=1, affinity=Affinity.NONE, shared=True)
    outcome = simulate(quiet, ideal(fleet), SCRIPT)
    for cache, one in for_quiet.items():
        found, _ = compare(one, PROFILES[profile])
        assert found == pytest.approx(outcome.hit_ratio(cache), abs=0.015), cache


def test_a_size_of_l1_brings_no_less_than_the_curve_says(busy: list[Entry], for_busy: Advised) -> None:
    """The curve is LRU's; SIEVE, which the simulation has, does as well or better."""
    size = next(step for step in for_busy["tts"].sizes if step.entries == 64)
    fleet = fleet_of(PROFILES["low_traffic"], workers=4, affinity=Affinity.NONE, shared=True)
    small = replace(fleet, bounds={**dict.fromkeys(fleet.bounds, UNBOUNDED), "tts": Bound(1 << 40, 64)})
    outcome = simulate(busy, small, SCRIPT)
    assert size.hit - 0.03 < outcome.share("tts", Source.L1, Source.STALE) < size.hit + 0.2


def test_a_longer_ttl_finds_more_loads_less_and_is_staler(for_busy: Advised) -> None:
    for one in for_busy.values():
        for shorter, longer in pairwise(one.lifetimes):
            assert longer.hit >= shorter.hit
            assert longer.loads <= shorter.loads
            assert longer.oldest > shorter.oldest
            assert longer.memory >= shorter.memory * 0.999
        assert [step.hit for step in one.sizes] == sorted(step.hit for step in one.sizes)


def test_what_is_recommended_is_nearly_as_good_as_the_best_that_is_allowed(for_busy: Advised) -> None:
    for cache, one in for_busy.items():
        longest = next(step for step in one.lifetimes if step.ttl == OLDEST[cache])
        assert one.ttl.ttl <= longest.ttl, cache
        assert one.ttl.hit >= longest.hit - 0.01, cache
        assert one.size.hit >= one.sizes[-1].hit - 0.01, cache


def test_l1_is_recommended_no_larger_than_the_room_for_it(busy: list[Entry], for_busy: Advised) -> None:
    room = 8 * 1024 * 1024
    assert for_busy["tts"].max_bytes > room
    assert given(busy, room=room)["tts"].max_bytes <= room


def test_l1_gets_the_bytes_of_what_it_holds_and_not_of_what_is_asked_most() -> None:
    """One short greeting for every long answer: a lookup is half as long as an entry."""
    entries = []
    for n in range(1000):
        entries.append(Entry(2.0 * n, "o", "a", "10.0.0.1", Kind.GREETING, "Hello."))
        entries.append(Entry(2.0 * n + 1, "o", "a", "10.0.0.1", Kind.QUESTION, f"Why {n % 40}?", f"{n % 40} " * 100))
    tts = given(entries, workers=1)["tts"]
    assert tts.size.hit > 0.9
    fleet = fleet_of(PROFILES["low_traffic"], workers=1, affinity=Affinity.NONE, shared=False)
    bounds = {**fleet.bounds, "tts": Bound(tts.max_bytes, tts.size.entries)}
    outcome = simulate(entries, replace(fleet, bounds=bounds), SCRIPT)
    assert outcome.share("tts", Source.L1) == pytest.approx(tts.size.hit, abs=0.03)
    needed = simulate(entries, replace(fleet, bounds=dict.fromkeys(fleet.bounds, UNBOUNDED)), SCRIPT).l1_peak
    assert tts.size.bytes / tts.size.entries == pytest.approx(needed / 41, rel=0.1)


def test_high_traffic_has_the_lifetimes_that_busy_callers_need(for_busy: Advised) -> None:
    for cache in ("rag", "config", "prompt"):
        found, _ = compare(for_busy[cache], PROFILES["high_traffic"])
        assert found > for_busy[cache].ttl.hit - 0.01, cache


def test_low_traffic_pays_for_freshness_with_hits(for_quiet: Advised) -> None:
    """A quarter of the age at most; knowledge is found less often for it, and configuration little less."""
    for cache, price in {"rag": 0.25, "config": 0.07}.items():
        one = for_quiet[cache]
        found, _ = compare(one, PROFILES["low_traffic"])
        assert PROFILES["low_traffic"].cache[cache].policy.ttl <= one.ttl.ttl / 4
        assert one.ttl.hit - price < found < one.ttl.hit, cache


def test_the_larger_profile_has_more_in_l1_where_callers_are_busy(for_busy: Advised) -> None:
    tts = for_busy["tts"]
    assert compare(tts, PROFILES["high_traffic"])[1] > compare(tts, PROFILES["low_traffic"])[1] + 0.05


def test_what_was_invalidated_is_found_no_more() -> None:
    entries = [
        Entry(1, "o", "a", "10.0.0.1", Kind.QUESTION, "Why?"),
        Entry(2, "o", "a", "10.0.0.1", Kind.QUESTION, "Why?"),
        Entry(3, "o", "", "", Kind.INVALIDATE, ""),
        Entry(4, "o", "a", "10.0.0.1", Kind.QUESTION, "Why?"),
    ]
    assert given(entries)["rag"].ttl.hit == pytest.approx(1 / 3)
    assert given(entries)["prompt"].ttl.hit == pytest.approx(2 / 3)


def test_a_report_shows_every_step_and_the_settings(for_busy: Advised) -> None:
    advised = list(for_busy.values())
    text = "\n".join(lines(advised, seconds=7_200, currency="INR", profiles=PROFILES))
    assert text.count("*") == 2 * 4
    assert "high_traffic" in text
    assert f"  cache_rag_ttl: {int(advised[1].ttl.ttl)}" in text


def test_a_cache_that_does_not_pay_is_named() -> None:
    entries = [Entry(n, "o", "a", "10.0.0.1", Kind.QUESTION, f"Question {n}?") for n in range(50)]
    text = "\n".join(lines(list(given(entries).values()), seconds=50, currency="INR", profiles={}))
    assert "rag does not pay" in text
    assert "prompt does not pay" not in text


def test_a_sample_of_organisations_is_advised_as_all_of_them_would_be() -> None:
    """One in four of forty: what it loads, costs, keeps in Redis and wants in L1 is the whole fleet's."""
    shape = Shape(conversations=4000, callers=2000, questions=60, seconds=20_000, tenants=invent_tenants(40, 1))
    whole, part = list(generate(shape, 1)), Part()
    found = study(sample(whole, 4, part), SCRIPT, PROFILES["low_traffic"], Setting(4, Affinity.NONE))
    of_all = given(whole)
    of_part = {one.cache: one for one in advice(found._replace(weight=part.weight), room=1 << 30)}
    for cache, one in of_all.items():
        alike = of_part[cache]
        assert alike.lookups == pytest.approx(one.lookups, rel=0.05), cache
        for step, other in zip(alike.lifetimes, one.lifetimes, strict=True):
            assert step.loads == pytest.approx(other.loads, rel=0.2), cache
            assert step.micros == pytest.approx(other.micros, rel=0.2), cache
            assert step.memory == pytest.approx(other.memory, rel=0.2), cache
    assert of_part["tts"].size.bytes == pytest.approx(of_all["tts"].size.bytes, rel=0.5)


def test_the_drawing_holds_a_curve_for_each_cache(for_busy: Advised) -> None:
    svg = draw_advice(list(for_busy.values()), "Curves <of> all")
    assert svg.count("<polyline") == 8
    assert svg.count("<circle") == 8
    assert "Curves &lt;of&gt; all" in svg


def test_a_trace_without_a_size_is_taken_for_a_large_one(tmp_path: Path) -> None:
    file, pipe = tmp_path / "trace.jsonl", tmp_path / "pipe"
    file.write_bytes(b"x" * 1000)
    os.mkfifo(pipe)
    assert [choose_rate(size(path)) for path in (None, file, pipe)] == [1, 1, pytest.approx(0.04)]
