"""Another `cache` than a moment before: what was invalidated is made so again, however far away it is (promise 4)."""

import asyncio
import secrets
from collections.abc import AsyncIterator

import msgspec
import pytest

from tests.integration.cache.conftest import Join
from tests.support.caches import key
from tests.support.caches.members import Member, Origin
from tests.support.processes.proxy import Proxy
from tests.support.redis import RedisServer
from warmline_cache import Group, RedisLimits, Source
from warmline_cache.invalidation.channel import Invalidation
from warmline_cache.invalidation.invalidation import LOG

PATIENT = RedisLimits(deadline=1.0)
"""On a busy machine six milliseconds through two proxies of this process may be fifty."""

GROUPS = [Group(f"organisation-{number}", "knowledge") for number in range(10_000)]


@pytest.fixture
async def far(shared: RedisServer) -> AsyncIterator[Proxy]:
    """The evicting Redis, six milliseconds away and back."""
    made = await Proxy(shared.port, delay=0.003).start()
    yield made
    await made.aclose()


@pytest.fixture
def full_log(state: RedisServer) -> None:
    with state.client() as client, client.pipeline(transaction=False) as pipe:
        for group in GROUPS:
            logged = Invalidation(secrets.token_hex(8), "wl2:to:nobody", "", (group.text,), ())
            pipe.xadd(LOG, {"invalidation": msgspec.msgpack.encode(logged)})
        pipe.execute()


async def test_a_whole_log_is_repeated_in_seconds_and_phrases_use_redis_meanwhile(
    join: Join, far: Proxy, shared: RedisServer, state: RedisServer, full_log: None
) -> None:
    near, origin = await join(), Origin()
    for number in range(50):
        await near.prompt.get_or_load(key(str(number)), origin)
    with shared.client() as client:
        for name in client.scan_iter("wl2:replayed:*"):
            client.delete(name)
        before = client.get(GROUPS[0].text)
    worker, found = Member(far.url, state.url, name="far", limits=PATIENT), list[Source]()
    worker.caches.start()
    try:
        async with asyncio.timeout(10):
            while not worker.trusts():
                found.append((await worker.prompt.get_or_load(key(str(len(found) % 50)), origin)).source)
                worker.prompt._memory.clear()
                await asyncio.sleep(0.01)
    finally:
        await worker.caches.aclose()
    assert Source.L2 in found
    assert set(found[found.index(Source.L2) :]) == {Source.L2}, "none is shut out by the repetition"
    assert worker.caches.standing().breakers["cache"].opened == 0
    with shared.client() as client:
        assert client.get(GROUPS[0].text) != before


async def test_thousands_of_groups_can_be_invalidated_at_once_over_a_network(join: Join, far: Proxy) -> None:
    worker = await join(shared=far.url)
    report = await worker.caches.invalidate(*GROUPS[:5000])
    assert len(report.acknowledged) == 1
