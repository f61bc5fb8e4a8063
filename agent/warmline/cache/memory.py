"""L1: values in this process, inside a byte budget. Never awaits, never asks a clock: `now` is an argument.

When there is no room, what is dead goes first; then the tenant furthest over its share pays, by SIEVE over its own
queue. A quiet tenant's values are therefore safe from a noisy neighbour.
"""

from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from typing import Generic, TypeVar

from warmline.cache.shares import Shares
from warmline.cache.sieve import Sieve
from warmline.cache.slot import Slot
from warmline.cache.wheel import Wheel

V = TypeVar("V")

OVERHEAD = 500
"""Bytes that an entry costs beside its payload: slot, key, dict, queue, index and wheel. Measured with tracemalloc on
CPython 3.11: 100,000 entries with keys of 60 characters and two groups; `tests/unit/cache/test_memory.py` holds it."""


class Removal(StrEnum):
    """Why a value left L1."""

    EVICTED = "evicted"
    EXPIRED = "expired"
    INVALIDATED = "invalidated"
    REPLACED = "replaced"
    CLEARED = "cleared"


def _untold(cause: Removal, count: int) -> None:
    """Nobody asked to be told."""


class Memory(Generic[V]):
    """Values with a deadline each, never more than `max_bytes` (and `max_entries`) together.

    `removed(cause, count)` is told what left. Every operation is amortised O(1), `drop_group` and `clear` in what
    they remove.
    """

    def __init__(
        self,
        *,
        max_bytes: int,
        max_entries: int | None = None,
        removed: Callable[[Removal, int], None] = _untold,
    ) -> None:
        self._max_bytes = max_bytes
        self._max_entries = max_entries
        self._removed = removed
        self._slots: dict[str, Slot[V]] = {}
        self._groups: dict[str, dict[str, None]] = {}
        self._queues: dict[str, Sieve[V]] = {}
        self._wheel: Wheel[V] = Wheel()
        self._shares = Shares(max_bytes)
        self._bytes = 0

    @property
    def size(self) -> int:
        """Bytes held now, overhead included."""
        return self._bytes

    def __len__(self) -> int:
        return len(self._slots)

    def tenants(self) -> Mapping[str, int]:
        """The bytes that each tenant holds."""
        return dict(self._shares.bytes)

    def get(self, key: str, now: float) -> Slot[V] | None:
        """The slot of `key` while it is kept, fresh or not; None if there is none."""
        slot = self._slots.get(key)
        if slot is None:
            return None
        if now < slot.dead_until:
            slot.visited = True
            return slot
        self._drop([slot], Removal.EXPIRED)
        return None

    def put(
        self,
        key: str,
        value: V,
        *,
        tenant: str,
        groups: tuple[str, ...],
        size: int,
        fresh_until: float,
        dead_until: float,
        now: float,
    ) -> bool:
        """Keep a value whose payload is `size` bytes; whether there is a place for it at all.

        An older value of the key leaves in any case.
        """
        old = self._slots.get(key)
        if old is not None:
            self._drop([old], Removal.REPLACED)
        cost = size + OVERHEAD
        if now >= dead_until or cost > self._max_bytes or self._max_entries == 0:
            return False
        self._make_room(cost, now)
        slot = Slot(
            key,
            value,
            tenant=tenant,
            groups=groups,
            size=cost,
            fresh_until=fresh_until,
            dead_until=dead_until,
        )
        self._insert(slot)
        return True

    def drop(self, key: str) -> bool:
        """Whether there was a value of this key to invalidate."""
        slot = self._slots.get(key)
        return slot is not None and self._drop([slot], Removal.INVALIDATED) == 1

    def drop_group(self, group: str) -> int:
        """How many values of this group there were to invalidate."""
        return self._drop([self._slots[key] for key in self._groups.get(group, ())], Removal.INVALIDATED)

    def clear(self) -> int:
        """How many values there were to forget."""
        return self._drop(list(self._slots.values()), Removal.CLEARED)

    def check(self) -> None:
        """Raise AssertionError if the books do not add up."""
        queued = [slot for queue in self._queues.values() for slot in queue]
        assert {slot.key for slot in queued} == self._slots.keys()
        assert len(queued) == len(self._slots)
        assert sum(slot.size for slot in queued) == self._bytes == sum(self._shares.bytes.values())
        assert self._shares.bytes == {tenant: queue.size for tenant, queue in self._queues.items()}
        indexed = {(group, key) for group, keys in self._groups.items() for key in keys}
        assert indexed == {(group, slot.key) for slot in queued for group in slot.groups}
        assert len(self._wheel) == sum(slot.dead_until < float("inf") for slot in queued)
        assert self._bytes <= self._max_bytes
        assert self._max_entries is None or len(self._slots) <= self._max_entries

    def _make_room(self, cost: int, now: float) -> None:
        if self._fits(cost):
            return
        self._drop(self._wheel.take_dead(now), Removal.EXPIRED)
        while not self._fits(cost):
            self._drop([self._queues[self._shares.largest()].victim()], Removal.EVICTED)

    def _fits(self, cost: int) -> bool:
        full = self._max_entries is not None and len(self._slots) >= self._max_entries
        return not full and self._bytes + cost <= self._max_bytes

    def _insert(self, slot: Slot[V]) -> None:
        self._slots[slot.key] = slot
        queue = self._queues.get(slot.tenant)
        if queue is None:
            queue = self._queues[slot.tenant] = Sieve()
        queue.add(slot)
        self._wheel.add(slot)
        for group in slot.groups:
            self._groups.setdefault(group, {})[slot.key] = None
        self._shares.change(slot.tenant, slot.size)
        self._bytes += slot.size

    def _drop(self, slots: Iterable[Slot[V]], cause: Removal) -> int:
        count = 0
        for slot in slots:
            self._take_out(slot)
            count += 1
        if count:
            self._removed(cause, count)
        return count

    def _take_out(self, slot: Slot[V]) -> None:
        del self._slots[slot.key]
        queue = self._queues[slot.tenant]
        queue.remove(slot)
        if not queue.size:
            del self._queues[slot.tenant]
        self._wheel.remove(slot)
        for group in slot.groups:
            members = self._groups[group]
            del members[slot.key]
            if not members:
                del self._groups[group]
        self._shares.change(slot.tenant, -slot.size)
        self._bytes -= slot.size
