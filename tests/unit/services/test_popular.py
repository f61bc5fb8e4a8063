"""What is counted, when a text is stored, and what becomes of counts that cannot be."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.worker.popular import DictPopular
from warmline.warming.popular import Popular, Question, impersonal, merge

pytestmark = pytest.mark.virtual_time

KNEE = "what is knee pain"
Make = Callable[..., Popular]


def wall() -> float:
    """A minute before midnight when the loop begins."""
    return 20_000 * 86_400 + 86_340 + asyncio.get_running_loop().time()


@pytest.fixture
def store() -> DictPopular:
    return DictPopular()


@pytest.fixture
async def make(store: DictPopular) -> AsyncIterator[Make]:
    made: list[Popular] = []

    def popular(*, minimum: int = 5, opted_out: tuple[str, ...] = ()) -> Popular:
        made.append(Popular(store, minimum=minimum, opted_out=opted_out, wall=wall))
        made[-1].start()
        return made[-1]

    yield popular
    for each in made:
        await each.aclose()
    assert asyncio.all_tasks() == {asyncio.current_task()}


def stored(store: DictPopular) -> dict[str, int]:
    """The texts that the store has seen, with their counts."""
    return {q.text: count for days in store.days.values() for day in days.values() for q, count in day.items()}


async def test_a_text_is_stored_only_after_enough_distinct_askings(make: Make, store: DictPopular) -> None:
    popular = make(minimum=3)
    for minute in range(3):
        assert stored(store) == {}, minute
        popular.count_question("sahyadri", "reception", KNEE)
        await asyncio.sleep(60)
    assert stored(store) == {KNEE: 1}


async def test_repeating_oneself_within_a_minute_is_one_asking(make: Make, store: DictPopular) -> None:
    popular = make(minimum=2)
    await asyncio.sleep(0.5)
    for _ in range(50):
        popular.count_question("sahyadri", "reception", KNEE)
        await asyncio.sleep(1)
    assert stored(store) == {}
    assert store.asked["sahyadri"] == {Question("reception", KNEE).digest: 1}


async def test_askings_on_several_workers_are_distinct_and_from_then_on_each_one_counts(
    make: Make, store: DictPopular
) -> None:
    workers = [make(minimum=5) for _ in range(5)]
    for worker in workers:
        for _ in range(10):
            worker.count_question("sahyadri", "reception", KNEE)
    await asyncio.sleep(2)
    assert stored(store) == {KNEE: 10}
    for worker in workers:
        for _ in range(10):
            worker.count_question("sahyadri", "reception", KNEE)
    await asyncio.sleep(2)
    assert [one.weight for one in await workers[0].top("sahyadri", 5)] == [60]


async def test_two_agents_and_two_organisations_do_not_add_up(make: Make, store: DictPopular) -> None:
    popular = make(minimum=2)
    for organisation, agent in (("sahyadri", "reception"), ("sahyadri", "care"), ("kaveri", "reception")):
        popular.count_question(organisation, agent, KNEE)
    await asyncio.sleep(2)
    assert stored(store) == {}


async def test_of_an_organisation_that_opted_out_nothing_is_kept_and_what_was_is_removed(
    make: Make, store: DictPopular
) -> None:
    store.days["kaveri"][20_000][Question("physio", KNEE)] = 9
    store.broken = True
    popular = make(minimum=1, opted_out=("kaveri",))
    await asyncio.sleep(5)
    store.broken = False
    popular.count_question("kaveri", "physio", "does it hurt")
    await asyncio.sleep(2)
    assert (dict(store.days), dict(store.asked)) == ({}, {})
    store.days["kaveri"][20_000][Question("physio", KNEE)] = 9
    assert list(await popular.top("kaveri", 5)) == []


async def test_a_store_that_is_away_costs_counts_and_nothing_else(make: Make, store: DictPopular) -> None:
    popular = make(minimum=1)
    store.broken = True
    popular.count_question("sahyadri", "reception", KNEE)
    await asyncio.sleep(2)
    assert list(await popular.top("sahyadri", 5)) == []
    store.broken = False
    popular.count_question("sahyadri", "reception", KNEE)
    await asyncio.sleep(2)
    assert stored(store) == {KNEE: 1}


async def test_a_flood_of_questions_does_not_grow_the_memory_without_bound(make: Make, store: DictPopular) -> None:
    popular = make(minimum=1)
    for number in range(30_000):
        popular.count_question("sahyadri", "reception", f"question number {number % 25_000:05}")
    await asyncio.sleep(2)
    assert len(stored(store)) == 10_000
    popular.count_question("sahyadri", "reception", KNEE)
    await asyncio.sleep(2)
    assert KNEE in stored(store)


async def test_nothing_is_sent_while_nobody_asks(make: Make, store: DictPopular) -> None:
    make()
    await asyncio.sleep(100)
    assert store.calls == 0


@pytest.mark.parametrize(
    ("text", "counted"),
    [
        (KNEE, True),
        ("am i too old at 72", True),
        ("what happened in 2023", True),
        ("my number is 98220 12345", False),
        ("order 12-34-56", False),
        ("write to asha@example.org", False),
        ("a" * 200, True),
        ("a" * 201, False),
    ],
)
async def test_what_looks_like_somebodys_own_is_not_counted(text: str, *, counted: bool) -> None:
    assert impersonal(text) is counted


@given(st.lists(st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 1000)), max_size=8), st.integers(0, 8))
def test_the_heaviest_are_the_same_whatever_the_order_within_a_day(days: list[dict[str, int]], limit: int) -> None:
    counts = [{Question("a", text): float(count) for text, count in day.items()} for day in days]
    backwards = [dict(reversed(day.items())) for day in counts]
    ranked = merge(counts, limit)
    assert ranked == merge(backwards, limit)
    weights = [one.weight for one in ranked]
    assert weights == sorted(weights, reverse=True)
    assert len(ranked) == min(limit, len({question for day in counts for question in day}))
