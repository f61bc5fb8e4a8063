"""L2: entries in Redis. Every call has a deadline; foreign errors become StoreUnavailable here and nowhere else."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from redis.asyncio import Redis
from redis.exceptions import RedisError

from warmline.cache import codec
from warmline.cache.entry import Entry
from warmline.errors import StoreUnavailable


class RedisStore:
    """The shared store of all workers. Owns its client: close it with `aclose`.

    `deadline` bounds each call in seconds, connecting included.
    """

    def __init__(self, client: Redis, *, deadline: float) -> None:
        self._client = client
        self._deadline = deadline

    @classmethod
    def connect(cls, url: str, *, password: str | None, deadline: float, max_connections: int) -> "RedisStore":
        """A store at `url`. Nothing is sent until the first call: a Redis that is down is no reason not to start."""
        client = Redis.from_url(
            url,
            password=password,
            protocol=3,
            max_connections=max_connections,
            socket_connect_timeout=deadline,
            socket_timeout=deadline,
            retry=None,
            decode_responses=False,
        )
        return cls(client, deadline=deadline)

    async def get(self, key: str) -> Entry | None:
        """The stored entry, or None. Raises StoreUnavailable, and ValueError if the bytes are not an entry."""
        async with self._bounded():
            data = await self._client.get(key)
        assert not isinstance(data, str), "the client is told not to decode"
        return None if data is None else codec.unpack(data)

    async def put(self, key: str, entry: Entry, *, ttl: float) -> None:
        """Store the entry for `ttl` seconds. Raises StoreUnavailable."""
        async with self._bounded():
            await self._client.set(key, codec.pack(entry), px=max(1, int(ttl * 1000)))

    async def ping(self) -> None:
        """Return if Redis answers. Raises StoreUnavailable."""
        async with self._bounded():
            await self._client.ping()

    async def aclose(self) -> None:
        """Close every connection."""
        await self._client.aclose()

    @asynccontextmanager
    async def _bounded(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._deadline):
                yield
        except (TimeoutError, RedisError, OSError) as error:
            raise StoreUnavailable(str(error) or type(error).__name__) from error
