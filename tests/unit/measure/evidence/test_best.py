"""The best possible hit ratio of a log, on logs small enough to be done by hand."""

from collections.abc import Sequence

from tests.measure.evidence.record import Change
from tests.measure.evidence.scale import Lifetime
from tests.measure.evidence.shown.best import Best, Lookup, best

LIFETIMES = {cache: Lifetime(fresh=10, stale=5) for cache in ("tts", "rag", "config", "prompt")}
LOAD = 1.0


def asked(*times: float, cache: str = "rag", key: str = "q", agent: str = "", phase: str = "steady") -> list[Lookup]:
    return [Lookup(at, cache, "org", agent, key, LOAD, phase) for at in times]


def of(lookups: Sequence[Lookup], *changes: Change) -> Best:
    return best(sorted(lookups, key=lambda one: one.at), changes, LIFETIMES, lambda: 0.0)


def test_the_first_asking_is_a_load_and_whoever_comes_during_it_or_after_is_not() -> None:
    count = of(asked(0, 0.5, 1, 10.9)).of("rag")
    assert (count.lookups, count.hits, count.loads) == (4, 3, 1)


def test_what_is_stale_is_a_hit_that_is_loaded_behind_once() -> None:
    count = of(asked(0, 11.5, 11.6, 12.0)).of("rag")
    assert (count.hits, count.loads) == (3, 2)


def test_what_is_gone_is_loaded_anew() -> None:
    count = of(asked(0, 16.5)).of("rag")
    assert (count.hits, count.loads) == (0, 2)


def test_an_entry_may_end_a_tenth_of_its_lifetime_early() -> None:
    late = best(asked(0, 10.5), [], LIFETIMES, lambda: 1.0)
    assert late.of("rag").loads == 2
    assert of(asked(0, 10.5)).of("rag").loads == 1


def test_changed_knowledge_is_loaded_anew_also_if_it_was_being_loaded() -> None:
    changed = Change(0.5, "org", "", 1.0)
    assert of(asked(0, 2), changed).of("rag").hits == 0
    assert of(asked(0, 0.4), changed).of("rag").hits == 1
    assert of(asked(0, 2), Change(0.5, "other", "", 1.0)).of("rag").hits == 1


def test_a_changed_agent_loses_what_is_its_own_and_keeps_knowledge() -> None:
    lookups = [*asked(0, 3, cache="tts", agent="a"), *asked(0, 3, cache="tts", agent="b"), *asked(0, 3)]
    found = of(lookups, Change(2, "org", "a", 1.0))
    assert found.of("tts").hits == 1
    assert found.of("rag").hits == 1


def test_phases_are_counted_apart_and_add_up() -> None:
    found = of([*asked(0, 1, phase="cold start"), *asked(2, 3)])
    assert found.of("rag", "cold start").ratio == 0.5
    assert found.of("rag", "steady").ratio == 1.0
    assert found.of("rag").ratio == 0.75
    assert found.of("tts").ratio is None
