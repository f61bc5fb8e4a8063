"""The pool in virtual time, on a provider that does what the test says."""

import asyncio

import pytest

from tests.support.worker.sockets import FixedBudget, PoolWorld
from warmline.pool import Loss, NoSocket, SocketLost
from warmline_cache.errors import UpstreamUnavailable

pytestmark = pytest.mark.virtual_time
MODEL = "bulbul:v3"


async def warm(world: PoolWorld, seconds: float = 10) -> None:
    """Start it, and give it time (more than a socket's trial)."""
    world.pool.start()
    world.pool.prewarm(MODEL)
    await asyncio.sleep(seconds)


async def converse(world: PoolWorld) -> None:
    async with world.pool.lease(MODEL) as lease:
        await lease.send("hello")
        lease.complete()


async def listen(world: PoolWorld) -> None:
    async with world.pool.lease(MODEL) as lease:
        await lease.receive()


async def test_starting_waits_for_nothing_and_warms_behind(world: PoolWorld) -> None:
    world.provider.seconds = 2
    world.pool.start()
    world.pool.prewarm(MODEL)
    assert asyncio.get_running_loop().time() == 0
    await asyncio.sleep(2.1)
    assert world.states() == {"idle": 2}


async def test_a_warm_socket_serves_one_conversation_after_another_without_a_handshake(world: PoolWorld) -> None:
    await warm(world)
    began = asyncio.get_running_loop().time()
    for _ in range(5):
        await converse(world)
    assert asyncio.get_running_loop().time() == began
    assert world.provider.attempts == 2
    assert world.events.counts["warm"] == 5


async def test_who_leaves_early_costs_the_socket_and_another_is_opened(world: PoolWorld) -> None:
    await warm(world)
    async with world.pool.lease(MODEL) as lease:
        await lease.send("hello")
    assert world.states() == {"idle": 1, "closing": 1, "opening": 1}
    await asyncio.sleep(1)
    assert world.states() == {"idle": 2}
    assert world.events.counts["interrupted"] == 1
    assert sum(wire.closed for wire in world.provider.wires) == 1


async def test_who_is_cancelled_costs_the_socket(world: PoolWorld) -> None:
    await warm(world)
    task = asyncio.create_task(listen(world))
    await asyncio.sleep(1)
    task.cancel()
    await asyncio.sleep(1)
    assert world.events.counts["interrupted"] == 1
    assert world.states() == {"idle": 2}


async def test_an_error_in_a_conversation_costs_the_socket(world: PoolWorld) -> None:
    await warm(world)
    with pytest.raises(ValueError, match="mine"):
        async with world.pool.lease(MODEL):
            raise ValueError("mine")
    assert world.events.counts["failed"] == 1


async def test_a_socket_with_something_unread_is_not_used_again(world: PoolWorld) -> None:
    await warm(world)
    async with world.pool.lease(MODEL) as lease:
        for wire in world.provider.wires:
            wire.say("pong")
        await asyncio.sleep(1)
        lease.complete()
    assert world.events.counts["interrupted"] == 1


@pytest.mark.parametrize("loss", [Loss.CLOSED, Loss.CUT])
async def test_an_idle_socket_that_is_closed_is_noticed_at_once_and_replaced(world: PoolWorld, loss: Loss) -> None:
    await warm(world)
    world.provider.wires[0].hang_up(loss)
    await asyncio.sleep(0.05)
    assert world.states() == {"idle": 1, "opening": 1}
    await asyncio.sleep(0.1)
    assert world.states() == {"idle": 2}
    assert world.events.counts[f"lost: {loss.value}"] == 1


async def test_who_holds_a_socket_that_breaks_is_told(world: PoolWorld) -> None:
    await warm(world)
    async with world.pool.lease(MODEL) as lease:
        for wire in world.provider.wires:
            wire.hang_up()
        with pytest.raises(SocketLost):
            await lease.receive()
    await asyncio.sleep(1)
    assert world.states() == {"idle": 2}


async def test_an_hour_later_every_socket_is_another(world: PoolWorld) -> None:
    await warm(world)
    await asyncio.sleep(3601)
    assert world.provider.attempts == 4
    assert world.states() == {"idle": 2}
    assert [wire.closed for wire in world.provider.wires] == [True, True, False, False]
    assert world.events.counts["aged"] == 2


async def test_a_provider_that_refuses_is_asked_ever_more_seldom_and_callers_know_why(world: PoolWorld) -> None:
    world.provider.refuses = UpstreamUnavailable("sarvam", "HTTP 429")
    await warm(world, seconds=600)
    assert world.provider.attempts < 40
    began = asyncio.get_running_loop().time()
    with pytest.raises(NoSocket) as caught:
        await converse(world)
    assert caught.value.cause is world.provider.refuses
    assert asyncio.get_running_loop().time() == began
    world.provider.refuses = None
    await asyncio.sleep(61)
    assert world.states() == {"idle": 2}


async def test_a_handshake_that_hangs_is_given_up(world: PoolWorld) -> None:
    world.provider.hangs = True
    world.pool.start()
    await asyncio.sleep(0)
    began = asyncio.get_running_loop().time()
    with pytest.raises(NoSocket) as caught:
        await converse(world)
    assert isinstance(caught.value.cause, TimeoutError)
    assert asyncio.get_running_loop().time() == began + 3


async def test_a_caller_who_leaves_while_a_socket_is_opened_leaves_it_to_the_next(world: PoolWorld) -> None:
    world.pool.start()
    await asyncio.sleep(0)
    waiting = asyncio.create_task(converse(world))
    await asyncio.sleep(0.05)
    waiting.cancel()
    await asyncio.sleep(1)
    assert world.states() == {"idle": 2}
    await converse(world)
    assert world.events.counts["warm"] == 1


async def test_a_caller_who_leaves_just_before_being_served_loses_no_socket(world: PoolWorld) -> None:
    world.pool.start()
    await asyncio.sleep(0)
    waiting = asyncio.create_task(converse(world))
    world.provider.opened = waiting.cancel
    await asyncio.gather(waiting, return_exceptions=True)
    assert waiting.cancelled()
    await asyncio.sleep(1)
    assert world.states() == {"idle": 2}


async def test_a_caller_who_leaves_just_after_being_served_loses_no_socket(world: PoolWorld) -> None:
    await warm(world)
    world.provider.seconds = 1
    async with world.pool.lease(MODEL), world.pool.lease(MODEL) as second:
        waiting = asyncio.create_task(converse(world))
        await asyncio.sleep(0.5)
        second.complete()
    assert world.events.counts["waited"] == 1, "the socket that came back has been handed on"
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert waiting.cancelled()
    await asyncio.sleep(2)
    assert world.states() == {"idle": 2}
    assert world.events.counts["interrupted"] == 1, "the first lease, which did not complete"


async def test_a_burst_is_allowed_for_by_asking_the_budget_for_more(world: PoolWorld) -> None:
    await warm(world)
    asked = len(world.budget.asked)
    async with world.pool.lease(MODEL), world.pool.lease(MODEL):
        await asyncio.sleep(0.3)
        assert world.budget.asked[asked:] == [(5, 2)], "not only when the next renewal is due"
        async with world.pool.lease(MODEL) as third:
            third.complete()
    assert world.events.counts["waited"] == 1


async def test_beyond_the_budget_nobody_waits() -> None:
    world = PoolWorld(budget=FixedBudget(sockets=1, fair=1))
    await warm(world)
    async with world.pool.lease(MODEL) as lease:
        with pytest.raises(NoSocket) as caught:
            await converse(world)
        lease.complete()
    assert caught.value.cause is None
    assert world.provider.attempts == 1
    await world.pool.aclose()


async def test_without_redis_the_last_share_goes_on(world: PoolWorld) -> None:
    world.budget.sockets = 1
    await warm(world)
    assert world.states() == {"idle": 1}
    world.budget.away = True
    await asyncio.sleep(120)
    assert world.states() == {"idle": 1}
    world.budget.away, world.budget.sockets = False, 2
    await asyncio.sleep(6)
    assert world.states() == {"idle": 2}


async def test_a_worker_that_never_met_redis_keeps_its_profiles_number_warm(world: PoolWorld) -> None:
    world.budget.away = True
    await warm(world)
    assert world.states() == {"idle": 2}
    async with world.pool.lease(MODEL), world.pool.lease(MODEL):
        with pytest.raises(NoSocket):
            await converse(world)


async def test_a_pool_without_use_does_next_to_nothing(world: PoolWorld) -> None:
    await warm(world)
    asked = len(world.budget.asked)
    await asyncio.sleep(600)
    assert len(world.budget.asked) - asked <= 600 / 5
    assert [len(wire.sent) for wire in world.provider.wires] == [30, 30]
    assert world.provider.attempts == 2


async def test_a_pool_that_may_have_none_asks_nobody() -> None:
    world = PoolWorld(prewarm=0, maximum=0)
    await warm(world)
    with pytest.raises(NoSocket):
        await converse(world)
    assert (world.budget.asked, world.provider.attempts) == ([], 0)
    await world.pool.aclose()
    assert not world.budget.released


async def test_closing_ends_conversations_and_handshakes_and_gives_the_budget_back(world: PoolWorld) -> None:
    await warm(world)
    listening = asyncio.create_task(listen(world))
    await asyncio.sleep(1)
    world.provider.hangs = True
    waiting = asyncio.create_task(converse(world))
    async with world.pool.lease(MODEL) as lease:
        lease.complete()
    await world.pool.aclose()
    with pytest.raises(SocketLost):
        await listening
    await asyncio.gather(waiting, return_exceptions=True)
    assert world.budget.released
    assert world.states() == {}
