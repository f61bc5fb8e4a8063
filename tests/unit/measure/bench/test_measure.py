"""A benchmark keeps what it has measured, whoever turns out to be too slow for it."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.measure.bench.measure import as_far_as_it_goes, in_turns_until_slow


def rounds(costs: dict[str, list[float]], *, ours: str = "warmline") -> dict[str, list[float]]:
    """Three rounds of contenders with these costs, one after the other; infinity for no answer in time."""

    async def once(name: str) -> float:
        cost = costs[name].pop(0)
        if cost == float("inf"):
            raise TimeoutError
        return cost

    return asyncio.run(in_turns_until_slow([*costs], once, 3, slow=lambda cost: cost > 100, ours=ours))


def test_a_peer_that_does_not_answer_in_time_has_no_numbers_and_takes_none_from_the_others() -> None:
    found = rounds({"warmline": [9, 1, 2, 3], "peer": [5, 5, float("inf")], "other": [9, 4, 5, 6]})
    assert found == {"warmline": [1, 2, 3], "peer": [], "other": [4, 5, 6]}


def test_a_slow_peer_is_measured_once() -> None:
    assert rounds({"warmline": [9, 1, 2, 3], "peer": [500]}) == {"warmline": [1, 2, 3], "peer": [500]}


def test_what_is_measured_itself_may_not_be_too_slow() -> None:
    with pytest.raises(TimeoutError):
        rounds({"warmline": [9, float("inf")]})


def test_when_time_is_up_the_parts_that_are_done_are_kept() -> None:
    async def parts() -> AsyncIterator[str]:
        yield "hits in memory"
        yield "hits in Redis"
        await asyncio.Event().wait()

    assert asyncio.run(as_far_as_it_goes(parts(), seconds=0.05)) == (["hits in memory", "hits in Redis"], False)
