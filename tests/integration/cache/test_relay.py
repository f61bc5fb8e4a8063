"""A stream under way in a Redis that evicts, trims and holds what others wrote: what a reader makes of it."""

import contextlib
import os
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import Any

import pytest
import redis

from tests.support.redis import RedisServer
from warmline_cache.errors import StoreUnavailable
from warmline_cache.redis.breaker import Breaker
from warmline_cache.redis.dial import dialler
from warmline_cache.redis.link import Link
from warmline_cache.redis.server import Server
from warmline_cache.streams.broadcast import StreamLost
from warmline_cache.streams.relay import RedisRelay

KEY, GROUP, TOKEN = "wl2:{sahyadri}:tts:phrase", "wl2:{sahyadri}:group:agent:a", b"12345678"
NAME = f"{KEY}:live:{TOKEN.hex()}"


@pytest.fixture
async def relay(shared: RedisServer) -> AsyncIterator[RedisRelay]:
    dial = dialler(shared.url, password=None, timeout=1)
    server = Server(Link(dial, dial_timeout=5), breaker=Breaker(0.0), clock=lambda: 0.0)
    with shared.client() as client:
        client.set(GROUP, TOKEN)
    yield RedisRelay(server, lambda: Link(dial, dial_timeout=5), deadline=2, random=os.urandom)
    await server.aclose()


@pytest.fixture
def redis_itself(shared: RedisServer) -> redis.Redis:
    return shared.client()


def followed(relay: RedisRelay) -> AsyncGenerator[bytes, None]:
    return relay.follow(KEY, [GROUP])


async def heard(chunks: AsyncGenerator[bytes, None]) -> list[bytes]:
    return await heard_into([], chunks)


async def heard_into(got: list[bytes], chunks: AsyncGenerator[bytes, None]) -> list[bytes]:
    async for chunk in chunks:
        got += [chunk]
    return got


async def test_a_stream_is_heard_whole_by_who_comes_early_late_and_after_its_end(relay: RedisRelay) -> None:
    outgoing = await relay.begin(KEY, [TOKEN])
    early = followed(relay)
    await outgoing.send(b"one")
    assert await anext(early) == b"one"
    await outgoing.send(b"")
    await outgoing.send(b"two")
    late = followed(relay)
    await outgoing.end()
    assert await heard(early) == [b"", b"two"]
    assert await heard(late) == await heard(followed(relay)) == [b"one", b"", b"two"]


async def test_what_was_heard_before_redis_evicts_the_stream_is_missing_nowhere(
    relay: RedisRelay, redis_itself: redis.Redis
) -> None:
    outgoing = await relay.begin(KEY, [TOKEN])
    chunks = followed(relay)
    await outgoing.send(b"one")
    assert await anext(chunks) == b"one"
    redis_itself.delete(NAME)
    await outgoing.send(b"two")
    assert await anext(chunks) == b"two"
    await outgoing.end()
    assert await heard(chunks) == []
    with pytest.raises(StreamLost):
        await heard(followed(relay))


def evicted(client: redis.Redis) -> None:
    client.delete(NAME)


def trimmed(client: redis.Redis) -> None:
    client.xtrim(NAME, maxlen=0, approximate=False)


def entries(client: redis.Redis) -> list[Any]:
    return list(client.xrange(NAME) or [])


def one_gone(client: redis.Redis) -> None:
    client.xdel(NAME, entries(client)[-1][0])


def last_one_twice(client: redis.Redis) -> None:
    client.xadd(NAME, entries(client)[-1][1])


def first_one_again(client: redis.Redis) -> None:
    client.xadd(NAME, entries(client)[0][1])


def end_of_another(client: redis.Redis) -> None:
    client.xadd(NAME, {b"e": b"", b"at": b"8 others" + (6).to_bytes(8, "big")})


def another_speaks(client: redis.Redis) -> None:
    client.xadd(NAME, {b"c": b"other", b"at": b"8 others" + (6).to_bytes(8, "big")})


def earlier_format(client: redis.Redis) -> None:
    client.xadd(NAME, {b"c": b"other"})


def garbage(client: redis.Redis) -> None:
    client.xadd(NAME, {b"x": b"y", b"z": b""})


def another_type(client: redis.Redis) -> None:
    client.set(NAME, b"text")


@pytest.mark.parametrize(
    "happens",
    [
        evicted,
        trimmed,
        one_gone,
        last_one_twice,
        first_one_again,
        end_of_another,
        another_speaks,
        earlier_format,
        garbage,
        another_type,
    ],
    ids=lambda happens: happens.__name__,
)
async def test_a_reader_whose_stream_has_a_hole_or_is_not_the_one_he_began_is_told_so_and_hears_nothing_else(
    relay: RedisRelay, redis_itself: redis.Redis, happens: Callable[[redis.Redis], None]
) -> None:
    outgoing = await relay.begin(KEY, [TOKEN])
    chunks = followed(relay)
    await outgoing.send(b"one")
    assert await anext(chunks) == b"one"
    await outgoing.send(b"two")
    happens(redis_itself)
    with contextlib.suppress(StoreUnavailable):  # it may notice too
        await outgoing.send(b"three")
        await outgoing.end()
    got: list[bytes] = []
    with pytest.raises(StreamLost):
        await heard_into(got, chunks)
    assert got in ([], [b"two"])


async def test_who_was_reading_when_a_new_load_began_is_told_so_and_the_earlier_load_disturbs_nobody(
    relay: RedisRelay,
) -> None:
    earlier = await relay.begin(KEY, [TOKEN])
    reads_earlier = followed(relay)
    await earlier.send(b"one")
    assert await anext(reads_earlier) == b"one"
    outgoing = await relay.begin(KEY, [TOKEN])
    reads = followed(relay)
    await outgoing.send(b"uno")
    with pytest.raises(StoreUnavailable):
        await earlier.send(b"two")
    with pytest.raises(StoreUnavailable):
        await earlier.end()
    await outgoing.send(b"due")
    await outgoing.end()
    assert await heard(reads) == [b"uno", b"due"]
    with pytest.raises(StreamLost):
        await heard(reads_earlier)


async def test_a_stream_of_another_generation_is_not_found_and_not_disturbed(
    relay: RedisRelay, redis_itself: redis.Redis
) -> None:
    old = await relay.begin(KEY, [TOKEN])
    reads_old = followed(relay)
    await old.send(b"old")
    assert await anext(reads_old) == b"old"
    redis_itself.set(GROUP, b"87654321")
    new = await relay.begin(KEY, [b"87654321"])
    await new.send(b"new")
    await new.end()
    assert await heard(followed(relay)) == [b"new"]
    await old.send(b" phrase")
    await old.end()
    assert await heard(reads_old) == [b" phrase"]


async def test_workers_of_the_earlier_format_and_of_this_one_hear_nothing_of_each_other(
    relay: RedisRelay, redis_itself: redis.Redis
) -> None:
    where_they_look = f"{KEY}:live"
    outgoing = await relay.begin(KEY, [TOKEN])
    await outgoing.send(b"one")
    assert not redis_itself.exists(where_they_look)
    redis_itself.xadd(where_they_look, {b"b": TOKEN})
    redis_itself.xadd(where_they_look, {b"c": b"theirs"})
    await outgoing.end()
    assert await heard(followed(relay)) == [b"one"]


async def test_without_a_generation_nothing_is_sent_and_nothing_heard(
    relay: RedisRelay, redis_itself: redis.Redis
) -> None:
    redis_itself.delete(GROUP)
    with pytest.raises(StoreUnavailable):
        await relay.begin(KEY, [None])
    with pytest.raises(StreamLost):
        await heard(followed(relay))
