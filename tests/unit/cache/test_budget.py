"""What Redis may cost a lookup, counted in Redis's time and not in ours."""

import asyncio

import pytest

from tests.support.time.virtual import VirtualTimeLoop
from warmline_cache.redis.budget import Budget

pytestmark = pytest.mark.virtual_time


async def test_what_takes_longer_than_the_budget_is_ended_when_it_is_spent() -> None:
    loop, budget = asyncio.get_running_loop(), Budget(0.05)
    with pytest.raises(TimeoutError):
        await budget.spend(asyncio.sleep(1))
    assert loop.time() == pytest.approx(0.05)
    assert budget.left == pytest.approx(0)


async def test_what_is_left_serves_the_next_call() -> None:
    budget = Budget(0.05)
    assert await budget.spend(asyncio.sleep(0.032, "an answer")) == "an answer"
    assert budget.left == pytest.approx(0.018)


async def test_a_stall_of_our_own_loop_is_not_charged_to_redis() -> None:
    loop, budget = asyncio.get_running_loop(), Budget(0.05)
    assert isinstance(loop, VirtualTimeLoop)
    loop.call_later(0.01, loop.stall, 0.2)
    assert await budget.spend(asyncio.sleep(0.03, "an answer")) == "an answer"
    assert budget.left >= 0.03


async def test_stalls_one_after_the_other_leave_time_for_an_answer_between_them() -> None:
    loop, budget = asyncio.get_running_loop(), Budget(0.05)
    assert isinstance(loop, VirtualTimeLoop)
    for stalled in range(4):
        loop.call_later(0.001 + stalled * 0.1, loop.stall, 0.098)
    assert await budget.spend(asyncio.sleep(0.35, "an answer")) == "an answer"


async def test_a_budget_that_is_spent_still_takes_an_answer_that_is_there() -> None:
    budget = Budget(0)
    assert await budget.spend(asyncio.sleep(0, "an answer")) == "an answer"
