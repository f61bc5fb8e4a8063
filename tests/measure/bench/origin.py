"""What the caches are in front of: a Redis of its own, whose commands are nobody's cost."""

import asyncio
import random
from collections.abc import AsyncGenerator

from warmline_cache.redis.dial import dialler
from warmline_cache.redis.link import Link

LOAD_SECONDS = 0.2
VALUE = bytes(1000)


async def spoken() -> AsyncGenerator[bytes, None]:
    """A phrase: a tenth of a second until it begins, then half a second of it in five chunks."""
    for _ in range(5):
        await asyncio.sleep(0.1)
        yield bytes(4410)


class Origin:
    """Counts what it is asked, and has numbers that grow."""

    def __init__(self, port: int) -> None:
        self._link = Link(dialler(f"redis://127.0.0.1:{port}", password=None, timeout=1.0), dial_timeout=1.0)

    async def slow(self, key: str) -> bytes:
        """A value after a fifth of a second; that it was asked for is counted."""
        await self._link.call("INCR", f"asked:{key}")
        await asyncio.sleep(LOAD_SECONDS)
        return VALUE

    async def asked(self, key: str) -> int:
        """How often `slow` was asked for it."""
        return int(await self._link.call("GET", f"asked:{key}") or 0)

    async def current(self, key: str) -> bytes:
        """The number of the key now, on its way for a moment."""
        value: bytes = await self._link.call("GET", f"value:{key}")
        await asyncio.sleep(random.uniform(0, 0.004))
        return value or b"0"

    async def grow(self, key: str) -> int:
        """The next number of the key."""
        return int(await self._link.call("INCR", f"value:{key}"))

    async def aclose(self) -> None:
        """Close the connection."""
        await self._link.aclose()
