"""What every session store does."""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator

import pytest

from tests.contract.conftest import KINDS, connect
from tests.support.time.aio import until
from tests.support.worker.sessions import DictSessions
from warmline.session.redis import RedisSessions
from warmline.session.store import SessionStore
from warmline_cache.errors import StoreUnavailable
from warmline_cache.redis.dial import dialler
from warmline_cache.redis.link import Link

_numbers = itertools.count()

ME, YOU = b"owner-01", b"owner-02"
TTL = 30.0


class Stored:
    """A store, what its watcher was told, and the same store with another lifetime."""

    def __init__(self, store: SessionStore, brief: SessionStore) -> None:
        self.store = store
        self.brief = brief
        self.claimed: list[bytes] = []


@pytest.fixture(params=KINDS)
async def stored(request: pytest.FixtureRequest) -> AsyncIterator[Stored]:
    async with contextlib.AsyncExitStack() as stack:
        if request.param == "dict":
            clock = asyncio.get_running_loop().time
            made = Stored(DictSessions(clock, ttl=TTL), DictSessions(clock, ttl=0.02))
        else:
            url = request.getfixturevalue("single" if request.param == "redis" else "watched").url
            server = connect(url)
            stack.push_async_callback(server.aclose)

            def link(**hooks: object) -> Link:
                return Link(dialler(url, password=None, timeout=1), dial_timeout=5, **hooks)  # type: ignore[arg-type]  # whatever hooks the store gives

            made = Stored(*(RedisSessions(server, link, resume_seconds=ttl, deadline=2) for ttl in (TTL, 0.02)))
        watching = asyncio.ensure_future(made.store.watch(made.claimed.append))
        yield made
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


def fresh() -> str:
    return f"wl2:{{sahyadri}}:session:test-{next(_numbers)}"


async def test_what_was_saved_is_claimed_with_the_owner_before(stored: Stored) -> None:
    key, data = fresh(), bytes(range(256))
    assert await stored.store.save(key, ME, b"first")
    assert await stored.store.save(key, ME, data)
    assert await stored.store.claim(key, YOU) == (ME, data)


async def test_what_was_never_saved_cannot_be_claimed(stored: Stored) -> None:
    assert await stored.store.claim(fresh(), ME) is None


async def test_who_lost_it_cannot_write_and_cannot_delete(stored: Stored) -> None:
    key = fresh()
    await stored.store.save(key, ME, b"mine")
    await stored.store.claim(key, YOU)
    assert not await stored.store.save(key, ME, b"still mine?")
    await stored.store.forget(key, ME)
    assert await stored.store.claim(key, ME) == (YOU, b"mine")


async def test_it_is_forgotten_by_its_owner(stored: Stored) -> None:
    key = fresh()
    await stored.store.save(key, ME, b"mine")
    await stored.store.forget(key, ME)
    assert await stored.store.claim(key, YOU) is None


async def test_the_owner_before_is_told(stored: Stored) -> None:
    async with asyncio.timeout(5):
        while ME not in stored.claimed:  # the first messages may come before the subscription
            key = fresh()
            await stored.store.save(key, ME, b"mine")
            await stored.store.claim(key, YOU)
            await asyncio.sleep(0)
    assert YOU not in stored.claimed


async def test_it_ends_by_itself_and_not_while_it_is_written(stored: Stored) -> None:
    key, ended = fresh(), fresh()
    await stored.brief.save(ended, ME, b"mine")
    await stored.store.save(key, ME, b"mine")

    over = asyncio.get_running_loop().time() + 0.1
    await until(lambda: asyncio.get_running_loop().time() > over, seconds=5, what="the session's end")
    assert await stored.store.claim(ended, YOU) is None
    assert await stored.store.save(ended, YOU, b"another's now")
    assert await stored.store.claim(key, YOU) == (ME, b"mine")


async def test_a_redis_that_is_away_is_said_to_be() -> None:
    def nowhere(**_: object) -> Link:
        return Link(dialler("redis://127.0.0.1:1/0", password=None, timeout=1), dial_timeout=1)

    server = connect("redis://127.0.0.1:1/0")
    store = RedisSessions(server, nowhere, resume_seconds=TTL, deadline=2)
    watching = asyncio.ensure_future(store.watch(lambda _: None))
    for attempt in (store.save("k", ME, b""), store.claim("k", ME), store.forget("k", ME)):
        with pytest.raises(StoreUnavailable):
            await attempt
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    await server.aclose()
