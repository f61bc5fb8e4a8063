"""Invalidations that fall between the steps of a lookup (promise 3)."""

import asyncio

import pytest

from tests.support.caches import KNOWLEDGE, Worker, World, key
from tests.support.caches.world import settle
from warmline_cache import Found, NotStored, Policy, Source

pytestmark = pytest.mark.virtual_time


async def get(worker: Worker, world: World) -> str | None:
    return (await worker.cache.get_or_load(key(), world.load)).value


async def changed(world: World, told: list[Worker] | None = None) -> None:
    """The origin has a new value, and everybody is told."""
    world.value = "v2"
    await world.invalidate(KNOWLEDGE, told=told)


async def test_what_was_invalidated_is_gone_from_both_layers_of_every_worker(world: World) -> None:
    workers = [world.worker() for _ in range(3)]
    assert [await get(w, world) for w in workers] == ["v1"] * 3
    await changed(world)
    assert [await get(w, world) for w in workers] == ["v2"] * 3
    assert world.loads == 2


async def test_another_organisations_values_stay(world: World) -> None:
    worker = world.worker()
    await worker.cache.get_or_load(key(organisation="kaveri"), world.load)
    await changed(world)
    assert (await worker.cache.get_or_load(key(organisation="kaveri"), world.load)).source is Source.L1


@pytest.mark.parametrize("gate", ["claim", "load", "commit"])
async def test_a_load_that_an_invalidation_overtook_is_kept_nowhere_and_joined_by_nobody_new(
    world: World, gate: str
) -> None:
    worker, other = world.worker(), world.worker()
    gates = world.gates if gate == "load" else world.store.gates
    gates.close(gate)
    early = asyncio.create_task(get(worker, world))
    await gates.arrived(gate)
    await changed(world)
    late = asyncio.create_task(get(worker, world))
    await settle()
    gates.open(gate)
    assert await late == "v2"
    assert await early in {"v1", "v2"}
    assert [await get(w, world) for w in (worker, other)] == ["v2"] * 2


async def test_an_overtaken_load_that_could_not_be_stored_is_not_kept_here_either(world: World) -> None:
    worker = world.worker()
    world.gates.close("load")
    early = asyncio.create_task(get(worker, world))
    await world.gates.arrived("load")
    world.store.gates.broken.add("commit")
    await changed(world)
    world.gates.open("load")
    assert await early == "v1"
    assert await get(worker, world) == "v2"


async def test_the_late_caller_does_not_wait_for_the_overtaken_load(world: World) -> None:
    worker = world.worker()
    world.seconds = 5
    early = asyncio.create_task(get(worker, world))
    await settle()
    world.lease_store.gates.broken.add("acquire")
    await changed(world)
    world.seconds = 0.1
    began = world.clock()
    assert await get(worker, world) == "v2"
    assert world.clock() - began < 1
    assert await early == "v1"
    world.lease_store.gates.broken.clear()
    assert await get(worker, world) == "v2"


async def test_a_reply_that_an_invalidation_overtook_does_not_fill_memory(world: World) -> None:
    await get(world.worker(), world)
    worker = world.worker()
    world.store.gates.close("reply")
    early = asyncio.create_task(get(worker, world))
    await world.store.gates.arrived("reply")
    await changed(world)
    world.store.gates.open("reply")
    assert await early == "v2"
    assert await get(worker, world) == "v2"


async def test_a_worker_that_was_not_told_and_whose_lease_ran_out_asks_the_shared_store(world: World) -> None:
    deaf, other = world.worker(), world.worker()
    assert await get(deaf, world) == "v1"
    deaf.fence.until = world.clock()
    await changed(world, told=[other])
    assert await get(other, world) == "v2"
    assert await get(deaf, world) == "v2"


async def test_a_deaf_worker_does_not_join_a_load_that_had_begun(world: World) -> None:
    deaf, other = world.worker(), world.worker()
    world.gates.close("load")
    early = asyncio.create_task(get(deaf, world))
    await world.gates.arrived("load")
    deaf.fence.until = world.clock()
    await changed(world, told=[other])
    late = asyncio.create_task(get(deaf, world))
    await settle()
    world.gates.open("load")
    assert await late == "v2"
    assert await early == "v1"
    assert await get(other, world) == "v2"


async def test_a_deaf_worker_still_loads_once_for_all_who_ask_together(world: World) -> None:
    deaf = world.worker()
    deaf.fence.until = world.clock()
    await asyncio.gather(*(get(deaf, world) for _ in range(100)))
    assert world.loads == 1


async def test_a_deaf_worker_remembers_nothing(world: World) -> None:
    deaf = world.worker()
    deaf.fence.until = world.clock()
    await get(deaf, world)
    assert len(deaf.memory) == 0
    assert (await deaf.cache.get_or_load(key(), world.load)).source is Source.L2


async def test_while_the_shared_store_is_in_doubt_it_is_neither_read_nor_written(world: World) -> None:
    worker, doubting = world.worker(), world.worker()
    await get(worker, world)
    doubting.fence.shared = False
    world.value = "v2"
    assert await get(doubting, world) == "v2"
    assert await get(world.worker(), world) == "v1"


@pytest.mark.parametrize("lost", [key().text, KNOWLEDGE.text])
async def test_a_generation_or_slot_that_redis_evicts_during_a_load_is_a_miss_and_never_an_old_answer(
    world: World, lost: str
) -> None:
    worker, other = world.worker(), world.worker()
    world.gates.close("load")
    early = asyncio.create_task(get(worker, world))
    await world.gates.arrived("load")
    await changed(world)
    world.store.lose(lost)
    world.gates.open("load")
    await early
    assert [await get(w, world) for w in (other, worker)] == ["v2"] * 2
    assert NotStored.OVERTAKEN in worker.events.unstored


async def test_a_stale_value_is_not_served_for_a_load_that_an_invalidation_overtook(world: World) -> None:
    policy = Policy(ttl=60, negative_ttl=5, jitter=0, stale_while_revalidate=600, stale_if_error=600)
    worker = world.worker(policy)
    await get(worker, world)
    await asyncio.sleep(61)
    assert await get(worker, world) == "v1"
    await changed(world)
    assert await get(worker, world) == "v2"


async def test_a_versioned_cache_answers_from_memory_through_every_silence(world: World) -> None:
    worker = world.worker(versioned=True)
    await get(worker, world)
    worker.fence.until = 0.0
    worker.cache.forget_all()
    assert await worker.cache.get_or_load(key(), world.load) == Found("v1", Source.L1)
    worker.cache.forget([KNOWLEDGE.text], [])
    assert await worker.cache.get_or_load(key(), world.load) != Found("v1", Source.L1)
