"""The read path: L1, then Redis, then the origin; one load per key in this process.

This is the simple inside of the first slice: no lease across processes, no stale values, no invalidation. The face is
`get_or_load` and stays.
"""

from collections.abc import Awaitable, Callable
from typing import Generic, Protocol, TypeVar

from warmline.cache.codec import Codec
from warmline.cache.entry import Entry, Found, Source
from warmline.cache.flight import Flights
from warmline.cache.key import Key
from warmline.cache.memory import Memory
from warmline.cache.policy import Policy
from warmline.cache.redis import RedisStore
from warmline.errors import StoreUnavailable

V = TypeVar("V")


class CacheEvents(Protocol):
    """What a cache reports, each by the part that knows it."""

    def looked_up(self, cache: str, source: Source) -> None:
        """A lookup was answered, once for every `get_or_load` that returned."""

    def store_failed(self, cache: str, operation: str) -> None:
        """Redis did not answer a `get` or `put` in time, or answered what could not be read."""


class Cache(Generic[V]):
    """One named cache over both layers. `wall` is the time of day in seconds, comparable between processes."""

    def __init__(
        self,
        name: str,
        *,
        policy: Policy,
        codec: Codec[V],
        memory: Memory[V | None],
        store: RedisStore,
        wall: Callable[[], float],
        events: CacheEvents,
    ) -> None:
        self.name = name
        self._policy = policy
        self._codec = codec
        self._memory = memory
        self._store = store
        self._wall = wall
        self._events = events
        self._flights: Flights[Found[V | None]] = Flights()

    async def get_or_load(self, key: Key, load: Callable[[], Awaitable[V | None]]) -> Found[V | None]:
        """The value of `key`, loaded with `load` where no layer has it; None means that the origin has no such thing.

        Raises whatever `load` raises. Redis being slow, down or full never raises: it costs a load.
        """
        slot = self._memory.get(key.text)
        if slot is not None:
            found = Found(slot.value, Source.L1)
        else:
            found = await self._flights.join(key.text, lambda: self._find(key, load))
        self._events.looked_up(self.name, found.source)
        return found

    async def aclose(self) -> None:
        """End loads that are still under way."""
        await self._flights.aclose()

    async def _find(self, key: Key, load: Callable[[], Awaitable[V | None]]) -> Found[V | None]:
        stored = await self._stored(key)
        if stored is not None:
            return stored
        value = await load()
        await self._keep(key, value)
        return Found(value, Source.ORIGIN)

    async def _stored(self, key: Key) -> Found[V | None] | None:
        """What Redis has, if it can be read and is still good; L1 then keeps it for as long as it remains so."""
        try:
            entry = await self._store.get(key.text)
            if entry is None or (remaining := self._remaining(entry)) <= 0:
                return None
            value = None if entry.negative else self._codec.decode(entry.payload)
        except (StoreUnavailable, ValueError):
            self._events.store_failed(self.name, "get")
            return None
        self._memory.put(key.text, value, size=len(entry.payload), ttl=remaining)
        return Found(value, Source.L2)

    def _remaining(self, entry: Entry) -> float:
        age = max(0.0, self._wall() - entry.born)
        return self._policy.lifetime(negative=entry.negative) - age

    async def _keep(self, key: Key, value: V | None) -> None:
        payload = b"" if value is None else self._codec.encode(value)
        entry = Entry(payload, born=self._wall(), negative=value is None)
        ttl = self._policy.lifetime(negative=entry.negative)
        self._memory.put(key.text, value, size=len(payload), ttl=ttl)
        try:
            await self._store.put(key.text, entry, ttl=ttl)
        except StoreUnavailable:
            self._events.store_failed(self.name, "put")
