"""What a worker makes of entries that others stored: damaged, of another clock, of another version."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.support.caches import KNOWLEDGE, World, key
from tests.support.caches.world import settle
from warmline.services.codecs import MessageCodec
from warmline_cache import Cache, Found, Key, Memory, Policy, Source
from warmline_cache.entry import CacheEntry
from warmline_cache.redis.budget import Budget
from warmline_cache.store.codec import SCHEMA, pack, unpack

pytestmark = pytest.mark.virtual_time

STALE = Policy(ttl=60, negative_ttl=5, jitter=0, stale_while_revalidate=30, stale_if_error=3600)
OF_VERSION_2 = b"\x02\x00" + bytes(8) + b"identity" + b"token--1" + b"the value"
NESTED = b"\x81\xa1a" + b"\x91" * 100_000


async def stored(world: World, made: Key) -> bytes:
    """What stands in the key's slot now."""
    data = (await world.store.read(made, Budget(1), weight=1)).data
    assert data is not None
    return data


async def under_its_tokens(world: World, payload: bytes, *, born: float = 0.0) -> None:
    """An entry that is good but for its payload or its birth."""
    claimed = await world.worker().surroundings.store.read(key(), Budget(1), weight=1)
    entry = CacheEntry(payload, world.wall() + born, b"identity", tuple(token or b"" for token in claimed.tokens))
    world.store.put(key().text, pack(entry))


def raises(error: type[Exception]) -> Callable[[bytes], str]:
    def decode(payload: bytes) -> str:
        if payload == b"poison":
            raise error("no codec foresaw it")
        return payload.decode()

    return decode


@pytest.mark.parametrize("error", [RecursionError, MemoryError, KeyError, OverflowError, AssertionError, StopIteration])
async def test_whatever_a_decoder_raises_at_an_entry_it_is_a_miss_and_replaced_and_told_once(
    world: World, error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = world.worker()
    await worker.cache.get_or_load(key("other"), world.load)
    monkeypatch.setattr(worker.cache._shared._codec, "decode", raises(error), raising=False)
    with capture_logs() as logs:
        for _ in range(3):
            await under_its_tokens(world, b"poison")
            assert await worker.cache.get_or_load(key(), world.load) == Found("v1", Source.ORIGIN)
            assert await world.worker().cache.get_or_load(key(), world.load) == Found("v1", Source.L2)
            worker.memory.clear()
    assert worker.events.store_failures == ["decode"] * 3
    assert [(line["cache"], type(line["exc_info"])) for line in logs] == [("rag", error)]


async def test_an_entry_nested_deeper_than_can_be_read_is_a_miss_and_replaced(world: World) -> None:
    worker = world.worker()
    await worker.cache.get_or_load(key("other"), world.load)
    await under_its_tokens(world, NESTED)
    memory: Memory[Found[dict[Any, Any] | None]] = Memory(max_bytes=10**6)
    cache = Cache("rag", policy=STALE, codec=MessageCodec(dict), memory=memory, surroundings=worker.surroundings)

    async def load() -> dict[Any, Any] | None:
        return {"a": "good"}

    assert (await cache.get_or_load(key(), load)).source is Source.ORIGIN
    memory.clear()
    assert await cache.get_or_load(key(), load) == Found({"a": "good"}, Source.L2)


async def test_a_damaged_entry_is_a_miss_counted_and_replaced_wherever_the_damage_is(world: World) -> None:
    await world.worker().cache.get_or_load(key(), world.load)
    good = await stored(world, key())
    for place in range(len(good)):
        worker = world.worker()
        world.store.put(key().text, good[:place] + bytes([good[place] ^ 0x10]) + good[place + 1 :])
        assert await worker.cache.get_or_load(key(), world.load) == Found("v1", Source.ORIGIN)
        assert worker.events.store_failures == ["decode"]
        assert await world.worker().cache.get_or_load(key(), world.load) == Found("v1", Source.L2)


async def test_an_entry_stored_under_two_groups_is_nothing_to_code_that_names_one(world: World) -> None:
    one = key()
    two = Key(one.cache, one.organisation, one.parts, (*one.groups, *key(organisation="kaveri").groups))
    await world.worker().cache.get_or_load(two, world.load)
    assert await world.worker().cache.get_or_load(one, world.load) == Found("v1", Source.ORIGIN)
    assert await world.worker().cache.get_or_load(two, world.load) == Found("v1", Source.ORIGIN)


# -- the time of another machine


@pytest.mark.parametrize("ahead", [5.0, 3600.0, 86_400.0, 1e12])
async def test_an_entry_from_a_clock_that_is_ahead_is_never_fresh_on_another_worker(world: World, ahead: float) -> None:
    world.wall_skew = ahead
    await world.worker().cache.get_or_load(key(), world.load)
    world.wall_skew = 0.0
    world.value = "v2"
    assert await world.worker().cache.get_or_load(key(), world.load) == Found("v2", Source.ORIGIN)
    assert await world.worker().cache.get_or_load(key(), world.load) == Found("v2", Source.L2)


async def test_it_answers_while_a_fresh_one_is_loaded_and_not_once_that_is_there(world: World) -> None:
    world.wall_skew = 3600
    await world.worker(STALE).cache.get_or_load(key(), world.load)
    world.wall_skew, world.value = 0.0, "v2"
    worker = world.worker(STALE)
    assert (await worker.cache.get_or_load(key(), world.load)).source is Source.STALE
    await asyncio.sleep(1)
    await settle()
    assert await worker.cache.get_or_load(key(), world.load) == Found("v2", Source.L1)


async def test_clocks_that_differ_by_a_second_or_are_behind_cost_nothing_but_that(world: World) -> None:
    for skew in (1.0, -1.0, -30.0):
        world.wall_skew = skew
        await world.worker().cache.get_or_load(key(str(skew)), world.load)
        world.wall_skew = 0.0
        assert (await world.worker().cache.get_or_load(key(str(skew)), world.load)).source is Source.L2


# -- another version


async def test_what_a_version_before_stored_is_a_miss_and_no_failure(world: World) -> None:
    await world.worker().cache.get_or_load(key("other"), world.load)
    world.store.put(key().text, OF_VERSION_2)
    worker = world.worker()
    assert await worker.cache.get_or_load(key(), world.load) == Found("v1", Source.ORIGIN)
    assert worker.events.store_failures == []
    assert unpack(await stored(world, key()), 1) is not None


@pytest.mark.parametrize("schema", [SCHEMA, SCHEMA + 1])
async def test_workers_of_two_schemas_invalidate_each_other_and_read_only_their_own(world: World, schema: int) -> None:
    old, new = world.worker(), world.worker(schema=SCHEMA + 1)
    reader = {SCHEMA: old, SCHEMA + 1: new}[schema]
    for worker in (old, new):
        assert await worker.cache.get_or_load(key(), world.load) == Found("v1", Source.ORIGIN)
    world.value = "v2"
    await world.invalidate(KNOWLEDGE)
    assert await reader.cache.get_or_load(key(), world.load) == Found("v2", Source.ORIGIN)
