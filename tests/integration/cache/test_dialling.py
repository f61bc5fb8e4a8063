"""A Redis that is a network away and closes who says nothing: no lookup pays for dialling (promise 4)."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from tests.integration.cache.conftest import Join
from tests.support.caches import key
from tests.support.caches.members import Member, Origin
from tests.support.processes.proxy import Proxy
from tests.support.redis import RedisServer
from tests.support.time.aio import until
from warmline_cache import RedisLimits, Source
from warmline_cache.errors import StoreUnavailable

STRICT = RedisLimits(deadline=0.3)
"""Three round trips of a tenth of a second, of which dialling takes more; so long that a busy machine keeps it."""

Away = Callable[..., Awaitable[tuple[Proxy, Proxy]]]


@pytest.fixture
async def away(shared: RedisServer, state: RedisServer) -> AsyncIterator[Away]:
    """Both servers, each through a proxy."""
    made: list[Proxy] = []

    async def make(**options: float) -> tuple[Proxy, Proxy]:
        made.extend([await Proxy(server.port, **options).start() for server in (shared, state)])
        return made[0], made[1]

    yield make
    for proxy in made:
        await proxy.aclose()


def connected(worker: Member) -> bool:
    return worker.caches.shared.link.ready and worker.caches.state.link.ready


async def redialled(proxy: Proxy) -> None:
    """Return when a connection through it was closed and another made."""
    before = proxy.accepted
    await until(lambda: proxy.accepted > before, seconds=5, what="another connection")


async def test_after_a_quiet_moment_a_lookup_finds_a_connection_and_no_breaker_has_opened(
    away: Away, join: Join
) -> None:
    cache, state = await away(delay=0.05, idle=1.0)
    near, origin = await join(limits=STRICT), Origin()
    worker = await join(shared=cache.url, state=state.url, limits=STRICT)
    for number in range(3):
        await near.prompt.get_or_load(key(str(number)), origin)
        await redialled(cache)
        await until(lambda: connected(worker), seconds=5, what="a connection")
        found = await worker.prompt.get_or_load(key(str(number)), origin)
        assert found.source is Source.L2
    assert [one.opened for one in worker.caches.standing().breakers.values()] == [0, 0]


async def test_a_lookup_that_finds_no_connection_goes_on_at_once_and_is_counted(away: Away, join: Join) -> None:
    cache, state = await away()
    worker, origin = await join(shared=cache.url, state=state.url, limits=RedisLimits(deadline=1.0)), Origin()
    cache.silence()
    worker.caches.shared.link.reset("lost")
    before = worker.events.store_failures.count("read")
    began = time.monotonic()
    for number in range(20):
        assert (await worker.prompt.get_or_load(key(str(number)), origin)).source is Source.ORIGIN
    assert time.monotonic() - began < 5.0, "20 budgets of a second"
    assert worker.events.store_failures.count("read") == before + 20
    cache.speak()
    await until(lambda: connected(worker), seconds=10, what="a connection made behind the scenes")
    await worker.recovered()


async def test_the_first_lookups_of_a_new_worker_do_not_count_dialling_as_silence(away: Away, join: Join) -> None:
    cache, state = await away(delay=0.015)
    worker, origin = Member(cache.url, state.url, name="new"), Origin()
    worker.caches.start()
    try:
        for number in range(5):
            assert (await worker.prompt.get_or_load(key(str(number)), origin)).value == "v1"
        await until(worker.trusts, seconds=10, what="a worker that has joined")
        assert [one.opened for one in worker.caches.standing().breakers.values()] == [0, 0]
    finally:
        await worker.caches.aclose()


async def test_a_server_that_knows_no_script_yet_is_told_before_the_first_lookup(
    join: Join, shared: RedisServer
) -> None:
    worker = await join()
    await worker.prompt.get_or_load(key(), Origin())
    with shared.client() as client:
        assert "cmdstat_eval" not in client.info("commandstats")


async def test_a_server_that_falls_silent_is_noticed_though_nobody_asks(
    away: Away, join: Join, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("warmline_cache.redis.upkeep.PROOF_SECONDS", 0.1)
    monkeypatch.setattr("warmline_cache.redis.upkeep.ANSWER_SECONDS", 0.1)
    cache, state = await away()
    worker = await join(shared=cache.url, state=state.url)
    cache.silence()
    await until(lambda: worker.caches.standing().breakers["cache"].open, seconds=5, what="an open breaker")
    with pytest.raises(StoreUnavailable, match="cache: "):
        await worker.caches.ping()
    cache.speak()
    await worker.recovered()


async def test_the_difference_between_two_clocks_is_measured(join: Join) -> None:
    worker = await join()
    await until(lambda: len(worker.caches.standing().skew) == 2, seconds=5, what="both clocks to be read")
    assert all(abs(seconds) < 1 for seconds in worker.caches.standing().skew.values())
    worker.caches._upkeep["cache"]._wall = lambda: time.time() + 3600
    worker.caches.shared.link.reset("lost")
    await until(lambda: worker.caches.standing().skew["cache"] > 3500, seconds=10, what="another time of day")
    await asyncio.sleep(0)
