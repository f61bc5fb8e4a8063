"""Invalidation over real Redis servers: who acknowledges, who is waited for, what a failure does (promise 3)."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from tests.integration.cache.conftest import Join
from tests.support.caches import KNOWLEDGE, key
from tests.support.caches.members import Member, Origin
from tests.support.processes.proxy import Proxy
from tests.support.redis import RedisServer
from tests.support.time.aio import until
from warmline_cache import Found, Source
from warmline_cache.errors import InvalidationFailed
from warmline_cache.invalidation.channel import INVALIDATIONS, MEMBERS
from warmline_cache.invalidation.invalidation import LOG


@pytest.fixture
async def proxy(state: RedisServer) -> AsyncIterator[Proxy]:
    made = await Proxy(state.port).start()
    yield made
    await made.aclose()


async def test_it_returns_when_every_worker_has_forgotten_and_names_them(join: Join) -> None:
    workers, origin = [await join() for _ in range(4)], Origin()
    for worker in workers:
        assert (await worker.rag.get_or_load(key(), origin)).value == "v1"
    origin.value = "v2"
    report = await workers[0].caches.invalidate(KNOWLEDGE)
    assert [name.split("#")[0] for name in report.acknowledged] == ["w0", "w1", "w2", "w3"]
    assert report.waited_out == ()
    assert [(await worker.rag.get_or_load(key(), origin)).value for worker in workers] == ["v2"] * 4
    assert origin.loads == 2


async def test_one_key_can_be_invalidated_alone(join: Join) -> None:
    worker, other, origin = await join(), await join(), Origin()
    for name in ("k", "stays"):
        await worker.rag.get_or_load(key(name), origin)
        await other.rag.get_or_load(key(name), origin)
    origin.value = "v2"
    await other.caches.invalidate(key("k"))
    assert (await worker.rag.get_or_load(key("k"), origin)).value == "v2"
    assert await worker.rag.get_or_load(key("stays"), origin) == Found("v1", Source.L1)


async def test_a_command_line_can_invalidate_without_being_a_worker(join: Join) -> None:
    worker, origin = await join(), Origin()
    await worker.rag.get_or_load(key(), origin)
    command = await join(member=False, name="cli")
    origin.value = "v2"
    report = await command.caches.invalidate(KNOWLEDGE)
    assert [name.split("#")[0] for name in report.acknowledged] == ["w0"]
    assert (await worker.rag.get_or_load(key(), origin)).value == "v2"


async def test_a_worker_that_left_is_not_waited_for(join: Join) -> None:
    stays, leaves = await join(), await join()
    await leaves.caches.aclose()
    report = await stays.caches.invalidate(KNOWLEDGE)
    assert len(report.acknowledged) == 1
    assert report.milliseconds < 1000


async def test_a_deaf_worker_is_waited_out_fenced_given_up_and_joins_again(
    join: Join, proxy: Proxy, state: RedisServer
) -> None:
    hears, deaf, origin = await join(), await join(state=proxy.url), Origin()
    for worker in (hears, deaf):
        await worker.rag.get_or_load(key(), origin)
        await worker.prompt.get_or_load(key("prompt"), origin)
    proxy.silence()
    origin.value = "v2"
    first = await hears.caches.invalidate(KNOWLEDGE)
    assert [name.split("#")[0] for name in first.waited_out] == ["w1"]
    assert 2000 < first.milliseconds < 4000
    assert not deaf.caches.channel.alive
    assert (await deaf.rag.get_or_load(key(), origin)).value == "v2"
    assert (await deaf.prompt.get_or_load(key("prompt"), origin)).source is Source.L1
    second = await hears.caches.invalidate(KNOWLEDGE)
    assert second.waited_out == first.waited_out
    assert (await hears.caches.invalidate(KNOWLEDGE)).waited_out == ()
    proxy.speak()
    await until(deaf.trusts, seconds=10, what="the deaf worker to join again")
    report = await hears.caches.invalidate(KNOWLEDGE)
    assert len(report.acknowledged) == 2
    assert not set(report.acknowledged) & set(first.waited_out)
    with state.client() as client:
        assert client.hlen(MEMBERS) == 2


@pytest.mark.parametrize("away", ["shared", "state"])
async def test_an_invalidation_that_cannot_be_held_fails_loudly_and_can_be_repeated(
    join: Join, shared: RedisServer, state: RedisServer, away: str
) -> None:
    worker, origin = await join(), Origin()
    await worker.rag.get_or_load(key(), origin)
    server = {"shared": shared, "state": state}[away]
    server.stop()
    with pytest.raises(InvalidationFailed, match="not every worker can be told"):
        await worker.caches.invalidate(KNOWLEDGE)
    server.start()
    await worker.recovered()
    origin.value = "v2"
    await worker.caches.invalidate(KNOWLEDGE)
    assert (await worker.rag.get_or_load(key(), origin)).value == "v2"


async def test_what_was_invalidated_is_logged_for_a_store_that_forgets(join: Join, state: RedisServer) -> None:
    await (await join()).caches.invalidate(KNOWLEDGE)
    with state.client() as client:
        assert client.xlen(LOG) == 1


async def test_a_store_that_comes_back_with_old_memory_is_not_believed(
    join: Join, shared: RedisServer, state: RedisServer
) -> None:
    worker, origin = await join(), Origin()
    await worker.rag.get_or_load(key(), origin)
    with shared.client() as client:
        client.save()
    origin.value = "v2"
    await worker.caches.invalidate(KNOWLEDGE)
    shared.stop()
    shared.start()
    with shared.client() as client:
        assert client.exists(key().text), "the old entry is there again"
    fresh = await join()
    assert (await fresh.rag.get_or_load(key(), origin)).value == "v2"
    assert (await worker.rag.get_or_load(key(), origin)).value == "v2"


@pytest.mark.parametrize("garbage", [b"\xc1 garbage", b"\x81\xa4type\xa1\xff"], ids=["no message", "not UTF-8"])
async def test_an_unreadable_message_on_the_channel_makes_everybody_start_afresh(
    join: Join, state: RedisServer, garbage: bytes
) -> None:
    worker, origin = await join(), Origin()
    await worker.rag.get_or_load(key(), origin)
    with state.client() as client:
        client.publish(INVALIDATIONS, garbage)
    await until(lambda: len(worker.rag._memory) == 0, seconds=10, what="an emptied memory")
    await worker.recovered()


async def insisted(worker: Member) -> None:
    """Invalidate, again if a busy machine made Redis look silent: until then nothing was promised."""
    for _ in range(10):
        with contextlib.suppress(InvalidationFailed):
            await worker.caches.invalidate(KNOWLEDGE)
            return
    raise AssertionError("no invalidation of ten could be held")


@pytest.mark.parametrize("evicts", [False, True], ids=["", "while Redis evicts"])
async def test_hundreds_of_invalidations_against_readers_never_leave_an_old_value(
    join: Join, shared: RedisServer, evicts: bool
) -> None:
    workers, origin, stop = [await join() for _ in range(4)], Origin("0", seconds=0.002), asyncio.Event()

    async def read(number: int) -> None:
        while not stop.is_set():
            began = acknowledged
            found = await workers[number].rag.get_or_load(key(), origin)
            assert int(found.value or 0) >= began
            await asyncio.sleep(0)

    acknowledged = 0
    readers = [asyncio.create_task(read(number)) for number in range(4)]
    client = shared.client()
    for version in range(1, 301):
        origin.value = str(version)
        if evicts:
            client.delete((key().text, KNOWLEDGE.text)[version % 2])
            await asyncio.sleep(version % 3 / 1000)
        await insisted(workers[version % 4])
        acknowledged = version
    stop.set()
    await asyncio.gather(*readers)
    client.close()
