"""Whole `Caches` in one process, over real Redis servers."""

import asyncio

from tests.support.caches import Recorded, TextCodec
from tests.support.time.aio import until
from warmline_cache import Cache, Caches, Policy, RedisLimits
from warmline_cache.errors import StoreUnavailable
from warmline_cache.redis.dial import dialler
from warmline_cache.store.codec import SCHEMA

UNHURRIED = RedisLimits(deadline=2.0)
"""For tests that are not about what a slow Redis may cost: a busy machine is one."""


class Member:
    """A worker's caches, with one cache that needs invalidation and one that does not."""

    def __init__(
        self,
        shared: str,
        state: str,
        *,
        name: str,
        member: bool = True,
        policy: Policy | None = None,
        limits: RedisLimits | None = None,
        schema: int = SCHEMA,
    ) -> None:
        self.events = Recorded()
        self.caches = Caches(
            dialler(shared, password=None, timeout=1),
            dialler(state, password=None, timeout=1),
            name=name,
            events=self.events,
            member=member,
            limits=limits or RedisLimits(),
            schema=schema,
        )
        policy = policy or Policy(ttl=60, negative_ttl=5, jitter=0)
        self.rag: Cache[str] = self.caches.cache("rag", TextCodec(), policy, max_bytes=10**6)
        self.prompt: Cache[str] = self.caches.cache("prompt", TextCodec(), policy, max_bytes=10**6, versioned=True)

    async def joined(self) -> "Member":
        """Start, and return when it remembers."""
        self.caches.start()
        await until(self.trusts, seconds=10, what="a worker that has joined")
        return self

    async def recovered(self) -> None:
        """Return when both servers answer and it remembers."""
        async with asyncio.timeout(10):
            while True:
                try:
                    return await self.caches.ping()
                except StoreUnavailable:
                    await asyncio.sleep(0.01)

    def trusts(self) -> bool:
        """Whether its memory counts."""
        return self.caches.channel.alive and self.caches.channel.fence.shared


class Origin:
    """A value that changes, and how often it was asked for."""

    def __init__(self, value: str = "v1", *, seconds: float = 0.0) -> None:
        self.value = value
        self.loads = 0
        self._seconds = seconds

    async def __call__(self) -> str | None:
        self.loads += 1
        value = self.value
        await asyncio.sleep(self._seconds)
        return value
