"""Caches that processes share through Redis: Warmline's and the other libraries', behind one face."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

import aiocache
import cashews
from aiocache.serializers import NullSerializer
from dogpile.cache import make_region

from tests.measure.bench import in_memory, warm
from tests.measure.bench.in_memory import TTL, Get, coroutine_function
from tests.measure.bench.origin import spoken
from tests.measure.bench.warm import L1_BYTES, POLICY
from warmline.services.codecs import AudioCodec
from warmline_cache import Group, Listening, Source

CONNECTIONS = 3000
"""For the libraries that take one for each caller: with redis-py's hundred, nine of ten fail in a crowd of 1,000."""
THREADS = 100


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the servers are. The peers use `cache` alone."""

    cache: int
    state: int
    origin: int


@dataclass(frozen=True, slots=True)
class Shared:
    """A cache of one process: a value by key, and what is called when the origin has another. `listen` follows a
    value while it is loaded: when it began to come, and whether it was loaded here."""

    get: Get
    invalidate: Callable[[str], Awaitable[object]]
    listen: Callable[[str], Awaitable[tuple[float, bool]]] | None = None


Opened = AbstractAsyncContextManager[Shared]


@contextlib.asynccontextmanager
async def warmline(load: Get, ports: Ports) -> AsyncIterator[Shared]:
    """A worker's cache. Keys are `organisation/question`; an invalidation is of the knowledge or of the one key."""
    cache_url, state_url = (f"redis://127.0.0.1:{port}" for port in (ports.cache, ports.state))
    async with warm.worker(cache_url, state_url, name="worker") as (caches, cache):

        async def get(name: str) -> bytes:
            found = await cache.get_or_load(warm.key(*name.split("/")), lambda: load(name))
            return found.value or b""

        async def invalidate(name: str) -> object:
            organisation, question = name.split("/")
            whole = Group(organisation, "knowledge")
            return await caches.invalidate(whole if question.startswith("g") else warm.key(organisation, question))

        streams = caches.streams(caches.cache("tts", AudioCodec(), POLICY, max_bytes=L1_BYTES, versioned=True))

        async def listen(name: str) -> tuple[float, bool]:
            async with streams.get_or_stream(warm.key(*name.split("/")), spoken) as listening:
                return await first(listening), listening.source is Source.ORIGIN

        yield Shared(get, invalidate, listen)


@contextlib.asynccontextmanager
async def cashews_redis(load: Get, ports: Ports, *, client_side: bool = False) -> AsyncIterator[Shared]:
    """`@cache(lock=True)` on `redis://`; `client_side` keeps what it read in memory, until Redis tells."""
    cache = cashews.Cache()
    cache.setup(f"redis://127.0.0.1:{ports.cache}", client_side=client_side, max_connections=CONNECTIONS)
    await cache.init()
    space = "tracked" if client_side else "plain"
    get: Get = cache(ttl=TTL, key=f"{space}:{{key}}", lock=True)(coroutine_function(load))
    try:
        yield Shared(get, lambda key: cache.delete(f"{space}:{key}"))
    finally:
        await cache.close()


def cashews_client_side(load: Get, ports: Ports) -> Opened:
    """`@cache(lock=True)` on `redis://` with a layer in memory."""
    return cashews_redis(load, ports, client_side=True)


async def first(listening: Listening) -> float:
    """When its first chunk came; the rest is heard out."""
    came = 0.0
    async for _ in listening:
        came = came or time.monotonic()
    return came


@contextlib.asynccontextmanager
async def aiocache_redis(load: Get, ports: Ports) -> AsyncIterator[Shared]:
    """`@cached_stampede` on Redis. Bytes need no serializer."""
    decorate = aiocache.cached_stampede(
        ttl=TTL,
        lease=2,
        key_builder=lambda function, key: key,
        cache=aiocache.Cache.REDIS,
        endpoint="127.0.0.1",
        port=ports.cache,
        pool_max_size=CONNECTIONS,
        namespace="aiocache:",
        timeout=0,
        serializer=NullSerializer(encoding=None),
    )
    get: Get = decorate(coroutine_function(load))
    try:
        yield Shared(get, decorate.cache.delete)
    finally:
        await decorate.cache.close()


@contextlib.asynccontextmanager
async def dogpile_redis(load: Get, ports: Ports) -> AsyncIterator[Shared]:
    """`get_or_create` with the lock that processes share, in threads, for dogpile.cache is synchronous."""
    loop, region = asyncio.get_running_loop(), _dogpile_region(ports.cache)

    def create(key: str) -> bytes:
        return asyncio.run_coroutine_threadsafe(coroutine_function(load)(key), loop).result()  # type: ignore[arg-type]

    def get_or_create(key: str) -> bytes:
        found: bytes = region.get_or_create(key, create, creator_args=((key,), {}))
        return found

    async def get(key: str) -> bytes:
        return await loop.run_in_executor(pool, get_or_create, key)

    async def invalidate(key: str) -> object:
        return await loop.run_in_executor(pool, region.delete, key)

    with ThreadPoolExecutor(THREADS) as pool:
        yield Shared(get, invalidate)
    region.backend.reader_client.close()


def _dogpile_region(port: int) -> Any:
    arguments: dict[str, Any] = {"host": "127.0.0.1", "port": port, "redis_expiration_time": TTL * 2}
    lock = {"distributed_lock": True, "thread_local_lock": False, "lock_timeout": 5}
    return make_region(key_mangler="dogpile:{}".format).configure(
        "dogpile.cache.redis", expiration_time=TTL, arguments={**arguments, **lock}
    )


def _by_itself(make: Callable[[Get], Get]) -> Callable[[Get, Ports], Opened]:
    """A cache in memory among those that are shared: other processes know nothing of it."""

    @contextlib.asynccontextmanager
    async def opened(load: Get, ports: Ports) -> AsyncIterator[Shared]:
        async def invalidate(key: str) -> object:
            raise NotImplementedError

        yield Shared(make(load), invalidate)

    return opened


SHARED: dict[str, Callable[[Get, Ports], Opened]] = {
    "warmline": warmline,
    "cashews": cashews_redis,
    "cashews, client-side": cashews_client_side,
    "aiocache": aiocache_redis,
    "dogpile.cache": dogpile_redis,
    "async-lru": _by_itself(in_memory.async_lru),
    "theine": _by_itself(in_memory.theine_memoize),
    "cachetools": _by_itself(in_memory.by_hand),
}
"""By the name that tables show."""
