"""L2 as one cache sees it: its own values, validated. Bytes, tokens and wall time end here."""

from typing import Generic, NamedTuple, TypeVar

import structlog

from warmline_cache.entry import CacheEntry
from warmline_cache.errors import StoreUnavailable
from warmline_cache.events import NotStored
from warmline_cache.fence import Fence
from warmline_cache.key import Key
from warmline_cache.memory.weight import weigh
from warmline_cache.policy import Policy
from warmline_cache.redis.budget import Budget
from warmline_cache.store import codec
from warmline_cache.store.codec import TOKEN_BYTES, Codec
from warmline_cache.store.ports import StoredSlot
from warmline_cache.surroundings import Surroundings

V = TypeVar("V")

UNCHECKED_BYTES = 16 * 1024
"""Audio longer than this is stored without a sum over it, which would cost a hit more than all else (decision 0024)."""

AHEAD_SECONDS = 2.0
"""How far in the future an entry's birth may lie before its age counts as unknown."""

_log = structlog.get_logger(__name__)


class Kept(NamedTuple, Generic[V]):
    """A value with the seconds for which it is still fresh (negative once it is stale) and kept at all; `size` is what
    it costs in memory, in bytes."""

    value: V
    size: int
    fresh_for: float
    kept_for: float


class SharedLayer(Generic[V]):
    """One cache's part of the store. While `fence` keeps the store from being believed, it seems empty."""

    def __init__(self, name: str, codec: Codec[V], *, policy: Policy, fence: Fence, surroundings: Surroundings) -> None:
        self._fence = fence
        self._name = name
        self._codec = codec
        self._policy = policy
        self._store = surroundings.store
        self._wall = surroundings.wall
        self._random = surroundings.random
        self._events = surroundings.events
        self._schema = surroundings.schema
        self._weight = 1024
        self._told: set[type[Exception]] = set()

    async def read(self, key: Key, budget: Budget) -> Kept[V | None] | None:
        """What L2 holds and may be used; `budget` is charged with what it cost. Raises StoreUnavailable."""
        if not self._fence.shared:
            return None
        try:
            slot = await self._store.read(key, budget, weight=self._weight)
        except StoreUnavailable:
            self._events.on_store_failure(self._name, "read")
            raise
        return self._usable(slot)

    async def claim(self, key: Key, budget: Budget) -> tuple[StoredSlot | None, Kept[V | None] | None]:
        """The right to `commit` what is loaded from now on, and what L2 holds already. Raises StoreUnavailable."""
        if not self._fence.shared:
            return None, None
        try:
            slot = await self._store.claim(key, budget)
        except StoreUnavailable:
            self._events.on_store_failure(self._name, "claim")
            raise
        return slot, self._usable(slot, count=False)  # `read` has counted what it could not read

    def make_entry(self, value: V | None, claimed: StoredSlot | None) -> tuple[Kept[V | None], CacheEntry]:
        """What was loaded, as L1 and as L2 keep it. Raises what the codec raises for a wrong type."""
        entry = self._entry(value, claimed)
        return self._keep(entry, value), entry

    async def commit(self, key: Key, claimed: StoredSlot | None, entry: CacheEntry, budget: Budget) -> NotStored | None:
        """Store what was loaded; why not, if it was not."""
        reason = await self._put(key, claimed, entry, budget)
        if reason is not None:
            self._events.on_not_stored(self._name, reason)
        return reason

    async def _put(self, key: Key, claimed: StoredSlot | None, entry: CacheEntry, budget: Budget) -> NotStored | None:
        if len(entry.payload) > self._policy.max_bytes:
            return NotStored.TOO_LARGE
        if claimed is None:
            return NotStored.UNAVAILABLE
        _, ttl = self._policy.lifetimes(entry.identity, negative=entry.negative)
        try:
            written = await self._store.commit(key, claimed, codec.pack(entry, schema=self._schema), ttl, budget)
        except StoreUnavailable:
            self._events.on_store_failure(self._name, "commit")
            return NotStored.UNAVAILABLE
        return None if written else NotStored.OVERTAKEN

    def _entry(self, value: V | None, claimed: StoredSlot | None) -> CacheEntry:
        payload = b"" if value is None else self._codec.encode(value)
        tokens = () if claimed is None else tuple(token or b"" for token in claimed.tokens)
        checked = len(payload) <= UNCHECKED_BYTES or not isinstance(value, bytes)
        return CacheEntry(payload, self._wall(), self._random(TOKEN_BYTES), tokens, value is None, checked)

    def _usable(self, slot: StoredSlot, *, count: bool = True) -> Kept[V | None] | None:
        """The value in a slot; None if there is none, it was invalidated, its time is over, or it cannot be read.

        What cannot be read is a miss whatever it makes a decoder raise: it will be replaced by what is loaded. The
        fence is asked again: Redis may have become another one while it was read.
        """
        if slot.data is None or not self._fence.shared:
            return None
        try:
            entry = codec.unpack(slot.data, len(slot.tokens), schema=self._schema)
            if entry is None or entry.generations != slot.tokens:
                return None
            value = None if entry.negative else self._codec.decode(entry.payload)
        except codec.OtherSchema:
            return None
        except Exception as error:  # noqa: BLE001  # counted and told: what stands in Redis must not fail its callers
            if count:
                self._unreadable(error)
            return None
        self._weight += (len(slot.data) - self._weight) // 8
        kept = self._keep(entry, value)
        return kept if kept.kept_for > 0 else None

    def _unreadable(self, error: Exception) -> None:
        """ValueError is how a codec refuses what it does not know; of anything else the log has one trace of a kind."""
        self._events.on_store_failure(self._name, "decode")
        if not isinstance(error, ValueError) and type(error) not in self._told:
            self._told.add(type(error))
            _log.error("decoder_failed", cache=self._name, exc_info=error)

    def _keep(self, entry: CacheEntry, value: V | None) -> Kept[V | None]:
        """An entry from the future has an unknown age. It is past its time: good for as long as a fresh one is being
        loaded, and no longer."""
        age = self._wall() - entry.born
        fresh, kept = self._policy.lifetimes(entry.identity, negative=entry.negative)
        if age < -AHEAD_SECONDS:
            fresh_for = 0.0
            kept_for = min(kept - fresh, self._policy.stale_while_revalidate)
        else:
            fresh_for, kept_for = fresh - max(0.0, age), kept - max(0.0, age)
        return Kept(value, weigh(value), fresh_for, kept_for)
