"""Ten entries, worked out on paper: every figure of an estimate, and of a lifetime."""

import pytest

from warmline.accounts.prices import PRICES
from warmline.settings import PROFILES
from warmline_studies.planner import Affinity, Capacity, Estimate, Script, Wish, plans
from warmline_studies.planner.estimate import CacheEstimate, Shards
from warmline_studies.planner.lookups import Origin
from warmline_studies.traces import Entry, Kind
from warmline_studies.tuner import LifetimeStep, Setting, study

GREETING, ANSWER = "x" * 100, "y" * 50


def greeting(at: float, organisation: str, caller: str) -> Entry:
    return Entry(at, organisation, "a", caller, Kind.GREETING, GREETING)


def question(at: float, caller: str) -> Entry:
    return Entry(at, "o", "a", caller, Kind.QUESTION, "Why?", ANSWER)


ONE, TWO, THREE = "10.0.0.1", "10.0.0.2", "10.0.0.3"
TRACE = [
    #                           at worker  config  tts     prompt  rag
    greeting(0, "o", ONE),      # 1        origin  origin
    greeting(10, "o", TWO),     # 0        l2      l2
    question(20, ONE),          # 1        l1      origin  origin  origin
    question(30, TWO),          # 0        l1      l2      l2      l2
    question(40, ONE),          # 1        l1      l1      l1      l1
    Entry(50, "o", "", "", Kind.INVALIDATE, "knowledge"),
    question(52, TWO),          # 0        l1      l1      l1      origin
    question(120, ONE),         # 1        origin  l1      l1      l2
    greeting(125, "p", THREE),  # 1        origin  origin
    question(130, TWO),         # 0        l2      l1      l1      l1
]  # fmt: skip
SECONDS, WEIGHT = 130, 2
RATE = WEIGHT / SECONDS
SPOKEN, ANSWERED = 264_600, 132_300
"""Bytes of a greeting of 6 s and an answer of 3 s, at 22,050 Hz and 2 bytes."""

HELD = {SPOKEN: 5 * 65_536 + 160, ANSWERED: 5 * 32_768 + 160, 900: 8 * 128 + 160, 300: 6 * 64 + 160}
"""What Redis takes for them, and for a search's result and a record: jemalloc's next size, and the key's own."""

READS, CLAIMS, COMMITS = 14, 9, 9
RELAYED = 3 * 2 + 2.5 * (1.85 + 1.1 + 1.85)
READ = 4 * 300 + 2 * 900 + SPOKEN + ANSWERED
WRITTEN = 3 * 300 + 300 + 2 * 900 + 2 * SPOKEN + ANSWERED
CALLS_OF_P = 2 + 2 + 2 + 2 + 2.5 * 1.85
"""Of the smaller organisation: two lookups, both loaded, one of them relayed."""


@pytest.fixture(scope="module")
def found() -> Estimate:
    wish = Wish(
        PROFILES["low_traffic"],
        affinity=Affinity.NONE,
        weight=WEIGHT,
        capacity=Capacity(calls=0.1, bytes=1e6, memory=600_000),
    )
    ((planned, _),) = plans(lambda: TRACE, (2,), wish)
    return planned


def row(l1: int, l2: int, origin: int) -> CacheEstimate:
    lookups = l1 + l2 + origin
    shares = {"l1": l1 / lookups, "l2": l2 / lookups, "joined": 0.0, "stale": 0.0, "origin": origin / lookups}
    return CacheEstimate(RATE * lookups, (l1 + l2) / lookups, shares, RATE * origin)


def test_who_answered_is_what_paper_says(found: Estimate) -> None:
    assert found.caches == {"tts": row(4, 2, 3), "rag": row(2, 2, 2), "config": row(4, 2, 3), "prompt": row(4, 1, 1)}
    assert found.requests == RATE * 9


def test_what_redis_is_asked_and_holds_is_what_paper_says(found: Estimate) -> None:
    calls, moved = READS + CLAIMS + COMMITS + RELAYED, READ + WRITTEN
    everything = 2 * HELD[SPOKEN] + HELD[ANSWERED] + HELD[900] + 3 * HELD[300]
    assert found.redis_calls == pytest.approx(RATE * calls)
    assert found.redis_bytes == pytest.approx(RATE * moved)
    assert found.redis_memory == found.redis_kept == WEIGHT * everything
    assert found.shards == Shards(calls=8, bytes=1, memory=3, largest=found.shards.largest)
    assert found.shards.largest == pytest.approx((calls - CALLS_OF_P) / SECONDS / 0.1)
    leases = 3 * 2 + 2 + 2 * 2 + (4 + 3 + 4)
    assert found.state_calls == pytest.approx(RATE * (leases + 3 * 9) + 2 * (1.5 + 1 + 0.19))
    assert found.state_messages == pytest.approx(2 * RATE * 2)
    assert found.state_busy == pytest.approx(2 * 2 / 5.25 * 2e-6)


def test_what_the_fleet_is_and_needs_is_what_paper_says(found: Estimate) -> None:
    assert (found.workers, found.workers_reached, found.affinity, found.shared) == (2, 2, "none", True)
    assert (found.weight, found.organisations, found.seconds) == (WEIGHT, 2, SECONDS)
    assert found.l1_bytes == WEIGHT * (2 * SPOKEN + ANSWERED + 900 + 3 * 300 + 7 * 750)
    assert found.speaking == pytest.approx(RATE * (1.85 + 1.1 + 1.85))
    assert (found.sockets, found.sockets_account, found.sockets_warm) == (2, 100, 2 * 2)


def test_what_it_costs_is_what_paper_says(found: Estimate) -> None:
    character = PRICES.speech("bulbul:v3", 100) / 100 / 1e6
    month = WEIGHT * 30 * 86_400 / SECONDS
    assert found.cost == pytest.approx(month * character * (100 + 50 + 100))
    assert found.cost_uncached == pytest.approx(month * character * (3 * 100 + 6 * 50))
    assert (found.currency, found.priceless) == ("INR", ["query", "action"])


def test_a_lifetime_brings_what_paper_says() -> None:
    """Of a minute: the answer of second 20 is stale at 120, and loaded anew behind that."""
    script = Script(Origin(), sessions=True)
    curve = study(TRACE, script, PROFILES["low_traffic"], Setting(2, Affinity.NONE)).curves["tts"]
    greetings, answers = 130 + 5, 100 + 10
    promised = LifetimeStep(
        ttl=60,
        hit=6 / 9,
        loads=4,
        micros=PRICES.speech("bulbul:v3", 100) * 3,
        memory=(greetings * HELD[SPOKEN] + answers * HELD[ANSWERED]) / SECONDS,
        age=(10 + 10 + 20 + 32 + 100 + 10) / 6,
        oldest=3660,
    )
    assert curve.lifetimes(SECONDS)[0] == pytest.approx(promised)
