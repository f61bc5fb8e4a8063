"""Redis slow, down, full, restarted, or answering garbage: no lookup fails for it (promise 4)."""

import asyncio
import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.integration.cache.conftest import Join
from tests.support.caches import key
from tests.support.caches.members import UNHURRIED, Member, Origin
from tests.support.redis import RedisServer
from tests.support.time.aio import until
from warmline_cache import NotStored, Policy, RedisLimits, Source


async def test_redis_killed_and_restarted_under_load_fails_no_lookup_and_is_used_again(
    join: Join, shared: RedisServer, state: RedisServer
) -> None:
    worker, origin = await join(limits=UNHURRIED), Origin()

    async def lookups(first: int) -> None:
        for number in range(first, first + 50):
            assert (await worker.rag.get_or_load(key(str(number)), origin)).value == "v1"

    async def restart() -> None:
        for server in (shared, state):
            server.stop()
        await asyncio.sleep(0)
        await lookups(10_000)
        for server in (shared, state):
            server.start()

    await asyncio.gather(restart(), *(lookups(50 * n) for n in range(8)))
    await worker.recovered()
    await worker.rag.get_or_load(key("after"), origin)
    other = await join(limits=UNHURRIED)
    assert (await other.rag.get_or_load(key("after"), origin)).source is Source.L2


async def test_a_silent_redis_costs_one_budget_and_then_nothing(join: Join, shared: RedisServer) -> None:
    worker, origin, now = await join(), Origin(), asyncio.get_running_loop().time
    shared.freeze()
    began = now()
    await worker.prompt.get_or_load(key("first"), origin)
    first = now() - began
    for number in range(100):
        await worker.prompt.get_or_load(key(str(number)), origin)
    shared.thaw()
    assert 0.05 <= first < 0.5
    assert worker.events.store_failures.count("read") == 101
    assert now() - began < 1.0


@pytest.mark.parametrize("away", ["state", "state and shared", "state, frozen", "both, frozen"])
async def test_who_waits_for_another_workers_load_goes_on_when_redis_dies(
    join: Join, shared: RedisServer, state: RedisServer, away: str
) -> None:
    limits, origin = RedisLimits(deadline=0.25), Origin(seconds=5)
    leader, waiter, now = await join(limits=limits), await join(limits=limits), asyncio.get_running_loop().time
    leading = asyncio.create_task(leader.prompt.get_or_load(key(), origin))
    await until(lambda: origin.loads, seconds=5, what="a load")
    elsewhere = asyncio.Event()
    waiting = asyncio.create_task(waiter.prompt.get_or_load(key(), Origin(), elsewhere=elsewhere.set))
    async with asyncio.timeout(5):
        await elsewhere.wait()
    began = now()
    for server in (state, shared) if "shared" in away or "both" in away else (state,):
        server.freeze() if "frozen" in away else server.stop()
    assert (await waiting).source is Source.ORIGIN
    assert now() - began < (1.5 if "frozen" in away else 1), "not a whole lease of two seconds"
    leading.cancel()
    for server in (state, shared):
        server.thaw() if "frozen" in away else None


async def test_what_redis_evicts_during_a_load_is_loaded_once_by_a_worker(join: Join, shared: RedisServer) -> None:
    worker, origin = await join(limits=UNHURRIED), Origin(seconds=0.05)
    for lost in (key().text, key().group_texts[0], key().text):
        asked = asyncio.create_task(worker.rag.get_or_load(key(), origin))
        await until(lambda: origin.loads, seconds=5, what="a load")
        with shared.client() as client:
            client.delete(lost)
        await asked
    assert origin.loads == 1


async def test_a_full_redis_that_refuses_writes_is_served_around(join: Join, shared: RedisServer) -> None:
    worker, origin = await join(), Origin()
    with shared.client() as client:
        client.config_set("maxmemory-policy", "noeviction")
        client.config_set("maxmemory", "1")
    assert (await worker.rag.get_or_load(key(), origin)).source is Source.ORIGIN
    assert (await worker.rag.get_or_load(key(), origin)).source is Source.L1
    assert worker.events.unstored == [NotStored.UNAVAILABLE]


async def test_a_key_of_another_type_does_not_fail_its_neighbours_and_is_replaced(
    join: Join, shared: RedisServer
) -> None:
    worker, origin = await join(), Origin()
    with shared.client() as client:
        client.lpush(key("list").text, "x")
    names = ["list", "a", "b"]
    await asyncio.gather(*(worker.rag.get_or_load(key(name), origin) for name in names))
    other = await join()
    found = await asyncio.gather(*(other.rag.get_or_load(key(name), origin) for name in names))
    assert [one.source for one in found] == [Source.L2] * 3


async def test_callers_who_give_up_never_leave_an_answer_for_somebody_else(join: Join) -> None:
    writer, reader, rng = await join(), await join(), random.Random(5)
    names = [str(number) for number in range(200)]

    def load(name: str) -> Origin:
        return Origin(name)

    await asyncio.gather(*(writer.prompt.get_or_load(key(name), load(name)) for name in names))
    for _ in range(10):
        asked = rng.sample(names, 200)
        lookups = [asyncio.create_task(reader.prompt.get_or_load(key(name), load(name))) for name in asked]
        for _ in range(rng.randrange(6)):
            await asyncio.sleep(0)
        for lookup in rng.sample(lookups, 60):
            lookup.cancel()
        found = await asyncio.gather(*lookups, return_exceptions=True)
        for name, one in zip(asked, found, strict=True):
            assert isinstance(one, asyncio.CancelledError) or one.value == name  # type: ignore[union-attr]
        reader.prompt._memory.clear()


class Refusing:
    """A server that greets as Redis does and answers everything else with one error."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                words = [await self._word(reader) for _ in range(int(line[1:]))]
                writer.write(b"%1\r\n$5\r\nproto\r\n:3\r\n" if words[0].upper() == b"HELLO" else self._answer)
                await writer.drain()
        finally:
            writer.close()

    async def _word(self, reader: asyncio.StreamReader) -> bytes:
        length = int((await reader.readline())[1:])
        return (await reader.readexactly(length + 2))[:-2]


@pytest.fixture(
    params=[
        b"-LOADING Redis is loading the dataset in memory\r\n",
        b"-READONLY You can't write against a read only replica.\r\n",
        b"-MOVED 3999 127.0.0.1:6381\r\n",
        b"-WRONGTYPE Operation against a key\r\n",
        b"-OOM command not allowed\r\n",
        b"-NOPERM no permissions\r\n",
        b":42\r\n",
        b"+OK\r\n",
        b"_\r\n",
        b"*1\r\n$3\r\nxyz\r\n",
        b"this is not Redis\r\n",
    ],
    ids=lambda answer: answer.split()[0].decode(),
)
async def refusing(request: pytest.FixtureRequest) -> AsyncIterator[str]:
    server = await asyncio.start_server(Refusing(request.param), "127.0.0.1", 0)
    yield f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0"
    server.close()


async def test_whatever_redis_answers_a_caller_gets_the_value(refusing: str, tmp_path: Path) -> None:
    policy = Policy(ttl=60, negative_ttl=5, load_timeout=0.1)
    worker, origin = Member(refusing, refusing, name="w", policy=policy), Origin()
    worker.caches.start()
    try:
        for number in range(3):
            for cache in (worker.rag, worker.prompt):
                assert (await cache.get_or_load(key(str(number)), origin)).value == "v1"
        assert not worker.trusts()
    finally:
        await worker.caches.aclose()
