"""One load, for the whole fleet: lease, claim, load, commit."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from warmline.cache.entry import Found, Source
from warmline.cache.events import NotStored
from warmline.cache.fence import Fence
from warmline.cache.key import Key
from warmline.cache.lease import Lease, Taken
from warmline.cache.policy import Policy
from warmline.cache.server import Budget
from warmline.cache.shared import Kept, SharedLayer
from warmline.cache.store import Slot
from warmline.cache.surroundings import Surroundings
from warmline.errors import SpendLimitReached, StoreUnavailable, UpstreamUnavailable

V = TypeVar("V")

Load = Callable[[], Awaitable[V | None]]


@dataclass(frozen=True, slots=True)
class Errand(Generic[V]):
    """How to get a value that no layer has: `load` asks the origin, `elsewhere` is called when another worker turns
    out to be asking it already."""

    load: Load[V]
    elsewhere: Callable[[], None]


Keep = Callable[[Kept[V | None]], None]
"""Fills L1, if that is still right at the moment it is called."""


class Loader(Generic[V]):
    """Brings one cache's values from wherever they are: another worker's load, L2, the origin."""

    def __init__(
        self, name: str, shared: SharedLayer[V], *, policy: Policy, fence: Fence, around: Surroundings
    ) -> None:
        self._fence = fence
        self._name = name
        self._shared = shared
        self._policy = policy
        self._around = around
        self._unled = asyncio.Semaphore(around.unled_loads)

    async def bring(self, key: Key, errand: Errand[V], *, keep: Keep[V]) -> Found[V | None]:
        """The value of `key`, with `keep` called between having it and telling anybody.

        Raises what `load` raises, UpstreamUnavailable if it takes too long.
        """
        turn = await self._turn(key, errand) if self._fence.shared else None
        if isinstance(turn, Kept):
            keep(turn)
            return Found(turn.value, Source.JOINED)
        if turn is None:
            async with self._unled:
                found, _ = await self._find(key, errand.load, keep)
            return found
        look = False
        try:
            found, look = await self._find(key, errand.load, keep)
        finally:
            await turn.release(Budget(self._around.redis_seconds), look=look)
        return found

    async def _turn(self, key: Key, errand: Errand[V]) -> Lease | Kept[V | None] | None:
        """The lease, or what its holder stored meanwhile. None to load without one: Redis is away, or the holder
        could not do what we might, or others have held it for longer than a load may take."""
        leases, again = self._around.leases, False
        patience = self._around.clock() + self._policy.load_timeout + leases.ttl
        while self._around.clock() < patience:
            budget = Budget(self._around.redis_seconds)
            with leases.waiter(key.text) as waiter:
                try:
                    turn = await leases.take(key.text, budget, again=again)
                except StoreUnavailable:
                    return None
                if not isinstance(turn, Taken):
                    return turn
                errand.elsewhere()
                if not await waiter.wait(turn.expires_in):
                    return None
            kept = await self.look(key)
            if kept is not None and kept.fresh_for > 0:
                return kept
            again = True
        return None

    async def look(self, key: Key) -> Kept[V | None] | None:
        """What L2 holds, whatever its age; None if it is away."""
        try:
            return await self._shared.read(key)
        except StoreUnavailable:
            return None

    async def _find(self, key: Key, load: Load[V], keep: Keep[V]) -> tuple[Found[V | None], bool]:
        """What L2 has got meanwhile or the origin has, and whether others who wait should look at L2."""
        budget = Budget(self._around.redis_seconds)
        claimed, kept = await self._claim(key, budget)
        if kept is not None and kept.fresh_for > 0:
            keep(kept)
            return Found(kept.value, Source.L2), True
        value = await self._ask_origin(load)
        kept, reason = await self._shared.commit(key, claimed, value, budget)
        if reason in (None, NotStored.UNAVAILABLE):
            keep(kept)
        return Found(value, Source.ORIGIN), reason in (None, NotStored.OVERTAKEN)

    async def _claim(self, key: Key, budget: Budget) -> tuple[Slot | None, Kept[V | None] | None]:
        try:
            return await self._shared.claim(key, budget)
        except StoreUnavailable:
            return None, None

    async def _ask_origin(self, load: Load[V]) -> V | None:
        began, failed, asked = self._around.clock(), True, True
        try:
            async with asyncio.timeout(self._policy.load_timeout):
                value = await load()
            failed = False
        except TimeoutError as error:
            raise UpstreamUnavailable(self._name, f"no answer within {self._policy.load_timeout:g} s") from error
        except SpendLimitReached:
            asked = False
            raise
        finally:
            if asked:
                self._around.events.loaded(self._name, self._around.clock() - began, failed=failed)
        return value
