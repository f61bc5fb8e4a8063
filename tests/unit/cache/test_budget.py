"""What Redis may cost a lookup, counted in Redis's time and not in ours."""

import asyncio
import time

import pytest
import uvloop

from tests.support.time.virtual import VirtualTimeLoop
from warmline_cache.redis.budget import Budget


@pytest.mark.virtual_time
async def test_what_takes_longer_than_the_budget_is_ended_when_it_is_spent() -> None:
    loop, budget = asyncio.get_running_loop(), Budget(0.05)
    with pytest.raises(TimeoutError):
        await budget.spend(asyncio.sleep(1))
    assert loop.time() == pytest.approx(0.05)
    assert budget.left == pytest.approx(0)


@pytest.mark.virtual_time
async def test_what_is_left_serves_the_next_call() -> None:
    budget = Budget(0.05)
    assert await budget.spend(asyncio.sleep(0.032, "an answer")) == "an answer"
    assert budget.left == pytest.approx(0.018)


@pytest.mark.virtual_time
async def test_a_stall_of_our_own_loop_is_not_charged_to_redis() -> None:
    loop, budget = asyncio.get_running_loop(), Budget(0.05)
    assert isinstance(loop, VirtualTimeLoop)
    loop.call_later(0.01, loop.stall, 0.2)
    assert await budget.spend(asyncio.sleep(0.03, "an answer")) == "an answer"
    assert budget.left >= 0.03


@pytest.mark.virtual_time
async def test_stalls_one_after_the_other_leave_time_for_an_answer_between_them() -> None:
    loop, budget = asyncio.get_running_loop(), Budget(0.05)
    assert isinstance(loop, VirtualTimeLoop)
    for stalled in range(4):
        loop.call_later(0.001 + stalled * 0.1, loop.stall, 0.098)
    assert await budget.spend(asyncio.sleep(0.35, "an answer")) == "an answer"


@pytest.mark.virtual_time
async def test_a_budget_that_is_spent_still_takes_an_answer_that_is_there() -> None:
    budget = Budget(0)
    assert await budget.spend(asyncio.sleep(0, "an answer")) == "an answer"


@pytest.mark.parametrize("milliseconds", [1, 4, 5, 15, 40, 50])
def test_on_the_loop_of_a_worker_whose_timers_know_whole_milliseconds_a_small_budget_lasts_as_well(
    milliseconds: int,
) -> None:
    async def spend() -> float:
        began = time.monotonic()
        with pytest.raises(TimeoutError):
            await Budget(milliseconds / 1000).spend(asyncio.get_running_loop().create_future())
        return (time.monotonic() - began) * 1000

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(spend()) > milliseconds - 1.6
