"""The ports: what the layered cache asks of the two shared stores, whoever provides them."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from warmline_cache.key import Key
from warmline_cache.redis.budget import Budget


class StoredSlot(NamedTuple):
    """What stood in a key's slot and what its groups' tokens were, in one instant. None: nothing there."""

    data: bytes | None
    tokens: tuple[bytes | None, ...]


class Store(Protocol):
    """Slots and tokens, shared by all workers. Every method raises StoreUnavailable when it cannot be done."""

    async def read(self, key: Key, budget: Budget, *, weight: int) -> StoredSlot:
        """What is there now. Reads share one budget of their own, and `budget` is charged with what that cost, even
        beyond what it had; `weight` is the size in bytes that the caller expects."""

    async def claim(self, key: Key, budget: Budget) -> StoredSlot:
        """What is there now, with nothing missing: what was, is made anew first. To be called before a load."""

    async def commit(self, key: Key, claimed: StoredSlot, data: bytes, ttl: float, budget: Budget) -> bool:
        """Store for `ttl` seconds, if slot and tokens are still as claimed; whether they were."""

    async def replace(self, groups: Sequence[str], keys: Sequence[str], budget: Budget) -> None:
        """New tokens for groups, vacancies for keys (both by their text): what was loaded before cannot come back.

        With neither, return if the store can be reached."""


class LeaseStore(Protocol):
    """Leases by key, with an owner and an end. Every method raises StoreUnavailable when it cannot be done."""

    async def acquire(self, key: str, owner: bytes, ttl: float, budget: Budget, *, exact: bool) -> float | None:
        """None if it is the owner's now, for `ttl` seconds; else who asks is remembered as waiting, and this is how
        long another's lasts at most, or `exact`ly."""

    async def left(self, key: str, budget: Budget) -> float:
        """For how many seconds the lease of `key` lasts if nobody renews it; 0 if nobody holds it."""

    async def renew(self, key: str, owner: bytes, ttl: float, budget: Budget) -> bool:
        """Whether it is still the owner's, now for another `ttl` seconds."""

    async def release(self, key: str, owner: bytes, message: bytes, budget: Budget) -> None:
        """End it if it is the owner's, and send `message` to all workers if anybody was remembered as waiting."""
