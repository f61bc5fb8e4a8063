"""The other libraries' caches in memory, each as its documentation has a coroutine cached: `load` in, `get` out."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import aiocache
import cashews
import theine
from async_lru import alru_cache
from cachetools import TTLCache
from dogpile.cache import make_region

Get = Callable[[str], Awaitable[bytes]]
"""The value of a key."""

SIZE = 100_000
TTL = 300


class ByHand:
    """cachetools' TTLCache in a coroutine of the same shape as `Cache.get_or_load`. It joins no loads."""

    def __init__(self) -> None:
        self._values = TTLCache(maxsize=SIZE, ttl=TTL)

    async def get_or_load(self, key: Any, load: Callable[[], Awaitable[bytes]]) -> bytes:
        """The value of `key`."""
        try:
            value: bytes = self._values[key]
        except KeyError:
            value = self._values[key] = await load()
        return value


def by_hand(load: Get) -> Get:
    """cachetools' TTLCache by hand."""
    cache = ByHand()
    return lambda key: cache.get_or_load(key, lambda: load(key))


def async_lru(load: Get) -> Get:
    """`@alru_cache`."""
    get: Get = alru_cache(maxsize=SIZE, ttl=TTL)(coroutine_function(load))
    return get


def theine_memoize(load: Get) -> Get:
    """`@Memoize` in the mode that its documentation recommends, without the locks that one thread does not need."""
    memoized = theine.Memoize(SIZE, timedelta(seconds=TTL), nolock=True)(coroutine_function(load))
    memoized.key(lambda key: key)
    get: Get = memoized
    return get


def cashews_memory(load: Get, *, protected: bool = False) -> Get:
    """`@cache` on `mem://`; `protected` joins loads and costs every hit a task."""
    cache = cashews.Cache()
    cache.setup(f"mem://?size={SIZE}")
    get: Get = cache(ttl=TTL, key="{key}", protected=protected)(coroutine_function(load))
    return get


def cashews_protected(load: Get) -> Get:
    """The same, joining loads."""
    return cashews_memory(load, protected=True)


def aiocache_memory(load: Get) -> Get:
    """`@cached_stampede`, whose hits cost what those of `@cached` do; without its timeout, which costs a task."""
    decorate = aiocache.cached_stampede(ttl=TTL, lease=2, key_builder=lambda function, key: key, timeout=0)
    get: Get = decorate(coroutine_function(load))
    return get


def dogpile_memory(load: Get) -> Get:
    """`get_or_create`. dogpile.cache is synchronous: what it creates with must be there already, so `load` is not
    asked."""
    region = make_region().configure("dogpile.cache.memory", expiration_time=TTL)
    values: dict[str, bytes] = {}

    async def get(key: str) -> bytes:
        if key not in values:
            values[key] = await load(key)
        found: bytes = region.get_or_create(key, values.__getitem__, creator_args=((key,), {}))
        return found

    return get


def coroutine_function(load: Get) -> Get:
    """A function of its own with a parameter called `key`, as decorators want it."""

    async def loaded(key: str) -> bytes:
        return await load(key)

    return loaded
