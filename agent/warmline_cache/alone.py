"""No L2: what stands for Redis where a worker keeps its entries to itself.

Generations, membership and invalidations stay where they are; only entries, leases and streams find nobody. A store
that holds nothing keeps the read path free of questions about whether there is one.
"""

from collections.abc import AsyncGenerator, Sequence

from warmline_cache.errors import StoreUnavailable
from warmline_cache.key import Key
from warmline_cache.redis.budget import Budget
from warmline_cache.store.ports import StoredSlot
from warmline_cache.streams.broadcast import StreamLost
from warmline_cache.streams.relay import Outgoing, Tokens

_VACANT = StoredSlot(None, ())


class NoStore:
    """`Store` of a worker that shares nothing: every slot is vacant, and stays it."""

    async def read(self, key: Key, budget: Budget, *, weight: int) -> StoredSlot:
        """See `Store.read`."""
        return _VACANT

    async def claim(self, key: Key, budget: Budget) -> StoredSlot:
        """See `Store.claim`."""
        return _VACANT

    async def commit(self, key: Key, claimed: StoredSlot, data: bytes, ttl: float, budget: Budget) -> bool:
        """See `Store.commit`: nobody can have overtaken it."""
        return True

    async def replace(self, groups: Sequence[str], keys: Sequence[str], budget: Budget) -> None:
        """See `Store.replace`."""


class NoLeases:
    """`LeaseStore` of a worker that shares nothing: nobody else could be loading for it."""

    async def acquire(self, key: str, owner: bytes, ttl: float, budget: Budget, *, exact: bool) -> float | None:
        """See `LeaseStore.acquire`."""
        return None

    async def left(self, key: str, budget: Budget) -> float:
        """See `LeaseStore.left`."""
        return 0.0

    async def renew(self, key: str, owner: bytes, ttl: float, budget: Budget) -> bool:
        """See `LeaseStore.renew`."""
        return True

    async def release(self, key: str, owner: bytes, message: bytes, budget: Budget) -> None:
        """See `LeaseStore.release`."""


class NoRelay:
    """`Relay` of a worker that shares nothing."""

    async def begin(self, key: str, tokens: Tokens) -> Outgoing:
        """Raises StoreUnavailable, so that nothing is sent to nobody."""
        raise StoreUnavailable("streams stay in this worker")

    async def follow(self, key: str, groups: Sequence[str]) -> AsyncGenerator[bytes, None]:
        """Raises StreamLost."""
        for chunk in list[bytes]():
            yield chunk
        raise StreamLost
