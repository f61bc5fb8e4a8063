"""Looking into both layers without asking the origin."""

import asyncio

import pytest

from tests.support.caches import KNOWLEDGE, World, key
from tests.support.caches.world import settle
from warmline_cache import Found, Policy, Source

pytestmark = pytest.mark.virtual_time

STALE = Policy(ttl=60, negative_ttl=5, jitter=0, stale_while_revalidate=30, stale_if_error=600)


async def test_what_nobody_has_is_not_loaded(world: World) -> None:
    worker = world.worker()
    assert await worker.cache.peek(key()) is None
    assert world.loads == 0


async def test_what_the_shared_store_has_is_in_memory_afterwards(world: World) -> None:
    await world.worker().cache.get_or_load(key(), world.load)
    cold = world.worker()
    assert await cold.cache.peek(key()) == Found("v1", Source.L2)
    assert await cold.cache.peek(key()) == Found("v1", Source.L1)
    assert await cold.cache.get_or_load(key(), world.load) == Found("v1", Source.L1)
    assert world.loads == 1


async def test_peeking_answers_nobody_and_is_not_tallied(world: World) -> None:
    await world.worker().cache.get_or_load(key(), world.load)
    cold = world.worker()
    for _ in range(2):
        await cold.cache.peek(key())
    assert not any(cold.cache.tally.by_source().values())


async def test_that_there_is_no_such_thing_is_known_too(world: World) -> None:
    world.value = None
    await world.worker().cache.get_or_load(key(), world.load)
    assert await world.worker().cache.peek(key()) == Found(None, Source.L2)


async def test_what_is_past_its_time_is_not_warm_and_stands_in_all_the_same(world: World) -> None:
    await world.worker(STALE).cache.get_or_load(key(), world.load)
    await asyncio.sleep(61)
    cold = world.worker(STALE)
    assert await cold.cache.peek(key()) is None
    world.store.gates.close("read")
    assert await cold.cache.get_or_load(key(), world.load) == Found("v1", Source.STALE)
    world.store.gates.open("read")
    await asyncio.sleep(1)


async def test_an_invalidated_value_is_not_found(world: World) -> None:
    worker, cold = world.worker(), world.worker()
    await worker.cache.get_or_load(key(), world.load)
    await world.invalidate(KNOWLEDGE)
    assert await worker.cache.peek(key()) is None
    assert await cold.cache.peek(key()) is None


async def test_an_invalidation_during_the_look_makes_it_look_again(world: World) -> None:
    worker, cold = world.worker(), world.worker()
    await worker.cache.get_or_load(key(), world.load)
    world.store.gates.close("read")
    peeking = asyncio.create_task(cold.cache.peek(key()))
    await world.store.gates.arrived("read")
    cold.cache.forget([KNOWLEDGE.text], [])
    reads = world.store.gates.calls["read"]
    world.store.gates.open("read")
    assert await peeking == Found("v1", Source.L2)
    assert world.store.gates.calls["read"] == reads + 1


async def test_while_the_channel_is_silent_memory_is_neither_asked_nor_filled(world: World) -> None:
    worker = world.worker()
    await worker.cache.get_or_load(key(), world.load)
    worker.fence.until = 0.0
    assert await worker.cache.peek(key()) == Found("v1", Source.L2)
    worker.fence.shared = False
    assert await worker.cache.peek(key()) is None


async def test_without_redis_only_memory_is_asked(world: World) -> None:
    worker, cold = world.worker(), world.worker()
    await worker.cache.get_or_load(key(), world.load)
    world.store.gates.broken.add("read")
    assert await worker.cache.peek(key()) == Found("v1", Source.L1)
    assert await cold.cache.peek(key()) is None
    await settle()
