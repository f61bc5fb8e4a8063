"""Many callers, one load: who leaves, who dies, and what the others notice (promises 1 and 2)."""

import asyncio

import pytest

from tests.support.caches import World, key
from tests.support.caches.world import settle
from warmline_cache import Found, Policy, Source
from warmline_cache.errors import LoadAbandoned, UpstreamUnavailable

pytestmark = pytest.mark.virtual_time


async def test_a_thousand_callers_of_ten_workers_cost_one_load(world: World) -> None:
    workers = [world.worker() for _ in range(10)]
    found = await asyncio.gather(*(w.cache.get_or_load(key(), world.load) for w in workers for _ in range(100)))
    assert world.loads == 1
    assert {one.value for one in found} == {"v1"}
    assert sum(one.source is Source.ORIGIN for one in found) == 1
    assert world.store.gates.calls["claim"] == 1, "who only waits claims nothing"


@pytest.mark.parametrize("who", [0, 50])
async def test_cancelling_one_caller_leaves_the_others_and_the_load_alone(world: World, who: int) -> None:
    worker = world.worker()
    callers = [asyncio.create_task(worker.cache.get_or_load(key(), world.load)) for _ in range(100)]
    await settle()
    callers[who].cancel()
    found = await asyncio.gather(*callers, return_exceptions=True)
    assert [index for index, one in enumerate(found) if not isinstance(one, Found)] == [who]
    assert isinstance(found[who], asyncio.CancelledError)
    assert world.loads == 1


async def test_a_callers_deadline_bounds_that_caller_and_the_load_goes_on(world: World) -> None:
    worker = world.worker()
    world.seconds = 2
    patient = asyncio.create_task(worker.cache.get_or_load(key(), world.load))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await worker.cache.get_or_load(key(), world.load)
    assert (await patient).value == "v1"
    assert world.loads == 1


async def test_a_load_that_everybody_left_is_kept_for_the_next(world: World) -> None:
    worker = world.worker()
    caller = asyncio.create_task(worker.cache.get_or_load(key(), world.load))
    await settle()
    caller.cancel()
    await asyncio.sleep(1)
    assert await worker.cache.get_or_load(key(), world.load) == Found("v1", Source.L1)


async def test_cancelling_a_reader_of_the_shared_store_leaves_its_neighbour_alone(world: World) -> None:
    await world.worker().cache.get_or_load(key(), world.load)
    worker = world.worker()
    world.store.gates.close("read")
    first, second = (asyncio.create_task(worker.cache.get_or_load(key(), world.load)) for _ in range(2))
    await world.store.gates.arrived("read")
    first.cancel()
    world.store.gates.open("read")
    assert await second == Found("v1", Source.L2)


async def test_a_killed_leader_holds_others_up_for_one_lease_and_costs_one_more_load(world: World) -> None:
    leader, other = world.worker(), world.worker()
    world.seconds = 1
    killed = asyncio.create_task(leader.cache.get_or_load(key(), world.load))
    await asyncio.sleep(0.9)
    began = world.clock()
    waiting = asyncio.create_task(other.cache.get_or_load(key(), world.load))
    await asyncio.sleep(0.05)
    world.lease_store.gates.broken |= {"renew", "release"}  # as a process that is gone
    await leader.cache.aclose()
    world.lease_store.gates.broken.clear()
    with pytest.raises(LoadAbandoned):
        await killed
    assert (await waiting).value == "v1"
    assert world.loads == 2
    assert world.clock() - began <= 2.0 + 1 + 0.1


async def test_a_slow_leader_keeps_its_lease_by_renewing_it(world: World) -> None:
    leader, other = world.worker(), world.worker()
    world.seconds = 9
    first = asyncio.create_task(leader.cache.get_or_load(key(), world.load))
    await asyncio.sleep(0.1)
    assert (await other.cache.get_or_load(key(), world.load)).source is Source.JOINED
    assert (await first).source is Source.ORIGIN
    assert world.loads == 1


async def test_waiters_on_other_workers_are_woken_at_once(world: World) -> None:
    leader, other = world.worker(), world.worker()
    first = asyncio.create_task(leader.cache.get_or_load(key(), world.load))
    await asyncio.sleep(0.1)
    await asyncio.gather(first, other.cache.get_or_load(key(), world.load))
    assert world.lease_store.gates.calls["acquire"] == 2


async def test_a_wake_that_is_lost_costs_waiting_and_nothing_else(world: World) -> None:
    leader, other = world.worker(), world.worker()
    world.lease_store.hear.clear()
    first = asyncio.create_task(leader.cache.get_or_load(key(), world.load))
    await asyncio.sleep(0.1)
    assert (await other.cache.get_or_load(key(), world.load)).value == "v1"
    await first
    assert world.loads == 1


async def test_when_the_leader_fails_the_others_try_at_once_and_not_one_after_another(world: World) -> None:
    workers = [world.worker() for _ in range(5)]
    world.failing = UpstreamUnavailable("convex", "down")
    began = world.clock()
    found = await asyncio.gather(*(w.cache.get_or_load(key(), world.load) for w in workers), return_exceptions=True)
    assert all(isinstance(one, UpstreamUnavailable) for one in found)
    assert world.loads <= 5
    assert world.clock() - began < 0.5


async def test_what_is_loaded_because_the_leader_failed_is_stored_for_all(world: World) -> None:
    leader, other = world.worker(), world.worker()
    world.failing = UpstreamUnavailable("convex", "down")
    fails = asyncio.create_task(leader.cache.get_or_load(key(), world.load))
    await asyncio.sleep(0.1)
    waits = asyncio.create_task(other.cache.get_or_load(key(), world.load))
    await asyncio.gather(fails, return_exceptions=True)
    world.failing = None
    assert await waits == Found("v1", Source.ORIGIN)
    await settle()
    assert await world.worker().cache.get_or_load(key(), world.load) == Found("v1", Source.L2)


async def test_a_lease_that_ran_out_while_loading_does_no_harm(world: World) -> None:
    slow, quick = world.worker(), world.worker()
    world.lease_store.gates.broken.add("renew")
    world.seconds = 3
    first = asyncio.create_task(slow.cache.get_or_load(key(), world.load))
    await asyncio.sleep(2.1)
    world.seconds, world.value = 0.1, "v2"
    assert (await quick.cache.get_or_load(key(), world.load)).value == "v2"
    await first
    world.lease_store.gates.broken.clear()
    assert await world.worker().cache.get_or_load(key(), world.load) == Found("v2", Source.L2)


async def test_a_loader_that_cancels_itself_does_not_look_like_the_callers_own_cancellation(world: World) -> None:
    worker = world.worker()

    async def gives_up() -> str | None:
        raise asyncio.CancelledError

    with pytest.raises(LoadAbandoned):
        await worker.cache.get_or_load(key(), gives_up)


async def test_without_any_redis_each_worker_loads_once(world: World) -> None:
    world.store.gates.broken |= {"read", "claim", "commit"}
    world.lease_store.gates.broken |= {"acquire", "renew", "release"}
    workers = [world.worker(versioned=True) for _ in range(3)]
    found = await asyncio.gather(*(w.cache.get_or_load(key(), world.load) for w in workers for _ in range(100)))
    assert {one.value for one in found} == {"v1"}
    assert world.loads == 3
    assert (await workers[0].cache.get_or_load(key(), world.load)).source is Source.L1


async def test_without_redis_the_origin_is_asked_by_few_at_a_time(world: World) -> None:
    world.lease_store.gates.broken |= {"acquire", "renew", "release"}
    worker = world.worker(Policy(ttl=60, negative_ttl=5))
    began = world.clock()
    await asyncio.gather(*(worker.cache.get_or_load(key(str(n)), world.load) for n in range(64)))
    assert world.clock() - began == pytest.approx(64 / 16 * 0.2, abs=0.05)


async def test_a_slow_redis_costs_a_lookup_its_budget_and_no_more(world: World) -> None:
    worker = world.worker()
    world.store.gates.close("read")
    began = world.clock()
    assert (await worker.cache.get_or_load(key(), world.load)).value == "v1"
    assert world.clock() - began == pytest.approx(0.05 + 0.2, abs=0.01)


async def test_a_write_that_fails_after_the_load_still_serves_it_and_keeps_it_here(world: World) -> None:
    worker = world.worker()
    world.store.gates.broken.add("commit")
    assert await worker.cache.get_or_load(key(), world.load) == Found("v1", Source.ORIGIN)
    assert await worker.cache.get_or_load(key(), world.load) == Found("v1", Source.L1)
