"""Warmline's cache as the worker has it: both Redis instances, the worker's metrics, keys as its services make them."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

from prometheus_client import CollectorRegistry

from tests.measure.bench.servers import Servers
from warmline.services import groups
from warmline.services.codecs import AudioCodec
from warmline.telemetry.counters import Metrics
from warmline_cache import Cache, Caches, Key, Policy
from warmline_cache.errors import StoreUnavailable
from warmline_cache.redis.dial import dialler

POLICY = Policy(ttl=300, negative_ttl=10)
READY_SECONDS = 10.0
L1_BYTES = 256 * 1024 * 1024


@contextlib.asynccontextmanager
async def worker(cache_url: str, state_url: str, *, name: str) -> AsyncIterator[tuple[Caches, Cache[bytes]]]:
    """A worker's caches, one of them of bytes, after it has joined the fleet."""
    metrics = Metrics(CollectorRegistry(), version="benchmark")
    shared, state = (dialler(url, password=None, timeout=1.0) for url in (cache_url, state_url))
    caches = Caches(shared, state, name=name, events=metrics)
    cache = caches.cache("rag", AudioCodec(), POLICY, max_bytes=L1_BYTES)
    metrics.begin("rag")
    caches.start()
    try:
        await _joined(caches)
        yield caches, cache
    finally:
        await caches.aclose()


@contextlib.asynccontextmanager
async def alone(servers: Servers) -> AsyncIterator[Cache[bytes]]:
    """The cache of a fleet of one."""
    async with worker(servers.cache.url, servers.state.url, name="alone") as (_, cache):
        yield cache


def key(organisation: str, question: str) -> Key:
    """As services/knowledge.py makes them: two groups."""
    belongs_to = groups.organisation(organisation), groups.knowledge(organisation)
    return Key("rag", organisation, (question, "3"), belongs_to)


def returning(value: bytes) -> Callable[[], Awaitable[bytes]]:
    """A load."""

    async def load() -> bytes:
        return value

    return load


async def _joined(caches: Caches) -> None:
    """Return once the worker may remember."""
    async with asyncio.timeout(READY_SECONDS):
        while True:
            with contextlib.suppress(StoreUnavailable):
                return await caches.ping()
            await asyncio.sleep(0.02)
