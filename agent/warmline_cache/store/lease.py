"""One load per key in the fleet.

A lease is taken in the Redis that does not evict: it has an owner and expires unless renewed, so that a killed worker
holds nobody up for longer than one lease. Those who find it taken are woken by a message when it is released, and all
at once when the channel is lost on which it would come; a slow poll stands behind, for messages can be lost.
"""

import asyncio
import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

from warmline_cache.errors import StoreUnavailable
from warmline_cache.redis.budget import Budget
from warmline_cache.store.codec import Bytes
from warmline_cache.store.ports import LeaseStore

_LOOK, _LOAD = b"+", b"-"


@dataclass(frozen=True, slots=True)
class Taken:
    """Somebody else holds the lease, for so many seconds at most unless they renew it."""

    expires_in: float


class Lease:
    """The right to load one key, renewed until released."""

    def __init__(self, leases: "Leases", key: str, owner: bytes) -> None:
        self._leases = leases
        self._key = key
        self._owner = owner
        self._released = False
        self._renewing = asyncio.get_running_loop().create_task(self._renew(), name=f"lease {key}")

    async def release(self, budget: Budget, *, look: bool) -> None:
        """Give it back and wake all who wait: to `look` again, or each to load at once, for looking would not help.

        Once is enough: a second time nothing happens."""
        self._renewing.cancel()
        if self._released:
            return
        self._released = True
        with contextlib.suppress(StoreUnavailable):  # it expires by itself
            await self._leases.release(self._key, self._owner, budget, look=look)

    async def _renew(self) -> None:
        held = True
        while held:
            await asyncio.sleep(self._leases.ttl / 3)
            with contextlib.suppress(StoreUnavailable):
                held = await self._leases.renew(self._key, self._owner)


class Waiter:
    """One flight that waits for another worker's."""

    __slots__ = ("_woken",)

    def __init__(self) -> None:
        self._woken: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    def wake(self, *, look: bool) -> None:
        """The holder has released."""
        if not self._woken.done():
            self._woken.set_result(look)

    async def wait(self, seconds: float) -> bool | None:
        """Whether to look again: False if that would not help. None if `seconds` have passed and nobody woke it."""
        await asyncio.wait({self._woken}, timeout=seconds)
        return self._woken.result() if self._woken.done() else None


class Leases:
    """The fleet's leases. `ttl` is how long one lasts unrenewed, `deadline` what Redis may take, both in seconds."""

    def __init__(self, store: LeaseStore, *, ttl: float, deadline: float, random: Bytes) -> None:
        self.ttl = ttl
        self._store = store
        self._deadline = deadline
        self._random = random
        self._waiting: dict[str, set[Waiter]] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    async def take(self, key: str, budget: Budget, *, again: bool = False) -> Lease | Taken:
        """The lease of `key`, or for how long another's lasts: exactly if asked `again`, else at most.

        Raises StoreUnavailable.
        """
        owner = self._random(8)
        left = await self._store.acquire(key, owner, self.ttl, budget, exact=again)
        return Lease(self, key, owner) if left is None else Taken(left)

    @contextlib.contextmanager
    def waiter(self, key: str) -> Iterator[Waiter]:
        """Somebody to wake. Made before `take`, so that no release can fall between the two."""
        waiter = Waiter()
        waiting = self._waiting.setdefault(key, set())
        waiting.add(waiter)
        try:
            yield waiter
        finally:
            waiting.discard(waiter)
            if not waiting:
                self._waiting.pop(key, None)

    def on_push(self, message: bytes) -> None:
        """A message that `LeaseStore.release` had sent."""
        for waiter in self._waiting.get(message[1:].decode("utf-8", "replace"), ()):
            waiter.wake(look=message[:1] == _LOOK)

    def unheard(self) -> None:
        """The channel of those messages is lost, and perhaps what it would have brought: everybody looks again."""
        for waiters in self._waiting.values():
            for waiter in waiters:
                waiter.wake(look=True)

    async def left(self, key: str, budget: Budget) -> float:
        """For how many seconds the lease of `key` lasts unrenewed; 0 if nobody holds it. Raises StoreUnavailable."""
        return await self._store.left(key, budget)

    async def renew(self, key: str, owner: bytes) -> bool:
        """Whether it is still the owner's. Raises StoreUnavailable."""
        return await self._store.renew(key, owner, self.ttl, Budget(self._deadline))

    async def release(self, key: str, owner: bytes, budget: Budget, *, look: bool) -> None:
        """End it, if it is still the owner's. Raises StoreUnavailable."""
        await self._store.release(key, owner, (_LOOK if look else _LOAD) + key.encode(), budget)
