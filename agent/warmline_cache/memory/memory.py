"""L1: values in this process, inside a byte budget. Never awaits, never asks a clock: `now` is an argument.

When there is no room, what is dead goes first; then the tenant furthest over its share pays, by SIEVE over its own
queue. A quiet tenant's values are therefore safe from a noisy neighbour.
"""

import math
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Generic, TypeVar

from warmline_cache.memory.shares import TenantShares
from warmline_cache.memory.sieve import Sieve
from warmline_cache.memory.slot import MemorySlot
from warmline_cache.memory.wheel import Wheel

V = TypeVar("V")

OVERHEAD = 750
"""Bytes that an entry costs beside its payload: texts, slot, numbers, and its place in table, queue, index and wheel.

Measured with tracemalloc on CPython 3.11, as the growth over 10,000 to 100,000 puts of None: keys of 60 characters, two
groups that all share but of whose texts each entry has its own, a hundred puts a second (690 to 741 bytes). A group
that no other entry names costs 200 more, a second in which no other entry dies 210.
"""


class Removal(StrEnum):
    """Why a value left L1."""

    EVICTED = "evicted"
    """Alive, and there was no room."""
    EXPIRED = "expired"
    INVALIDATED = "invalidated"
    REPLACED = "replaced"
    """Alive, and another was put under its key, whether or not that one could be kept."""
    CLEARED = "cleared"


def _untold(cause: Removal, count: int) -> None:
    """Ignore a removal."""


class Memory(Generic[V]):
    """Values with a deadline each, never more than `max_bytes` or `max_entries` together.

    `removed(cause, count)` is called at the end of an operation, once for each cause, with how many left; it must not
    raise. All is amortised O(1), but for `drop_group` and `clear`, which are so for each value that they remove.
    """

    def __init__(
        self,
        *,
        max_bytes: int,
        max_entries: int | None = None,
        on_removal: Callable[[Removal, int], None] = _untold,
    ) -> None:
        self._max_bytes = max_bytes
        self._max_entries = math.inf if max_entries is None else max_entries
        self._on_removal = on_removal
        self._slots: dict[str, MemorySlot[V]] = {}
        self._members: dict[str, dict[str, None]] = {}
        self._queues: dict[str, Sieve[V]] = {}
        self._shares = TenantShares()
        self._wheel = Wheel()
        self._left: dict[Removal, int] = {}

    @property
    def size(self) -> int:
        """Bytes held now, overhead included."""
        return self._shares.total

    def __len__(self) -> int:
        return len(self._slots)

    def tenants(self) -> Mapping[str, int]:
        """Bytes held now by tenant; one that holds nothing is not named."""
        return dict(self._shares.held)

    def get(self, key: str, now: float) -> MemorySlot[V] | None:
        """The slot of `key` until it is dead, fresh or not; None if there is none."""
        slot = self._slots.get(key)
        if slot is None:
            return None
        if now < slot.dead_until:
            slot.visited = True
            return slot
        self._remove(slot, Removal.EXPIRED)
        self._report()
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
        """Keep a value whose payload is `size` bytes; False if it is dead already, or exceeds the budget alone.

        An older value of the key is dropped in any case.
        """
        old = self._slots.get(key)
        if old is not None:
            self._remove(old, Removal.REPLACED if now < old.dead_until else Removal.EXPIRED)
        cost = size + OVERHEAD
        kept = now < dead_until and cost <= self._max_bytes and self._max_entries > 0
        if kept:
            self._make_room(tenant, cost, now)
            self._insert(
                MemorySlot(
                    key,
                    value,
                    tenant=tenant,
                    groups=groups,
                    size=cost,
                    fresh_until=fresh_until,
                    dead_until=dead_until,
                )
            )
        self._report()
        return kept

    def drop(self, key: str) -> bool:
        """Forget the value of `key`; whether there was one."""
        slot = self._slots.get(key)
        if slot is None:
            return False
        self._remove(slot, Removal.INVALIDATED)
        self._report()
        return True

    def drop_group(self, group: str) -> int:
        """Forget every value that names `group`; how many there were."""
        keys = tuple(self._members.get(group, ()))
        for key in keys:
            self._remove(self._slots[key], Removal.INVALIDATED)
        self._report()
        return len(keys)

    def clear(self) -> int:
        """Forget everything; how many values there were."""
        count = len(self._slots)
        for slot in self._slots.values():
            # linked slots are a cycle, and would hold their values until the collector's last generation runs
            slot.older = slot.newer = None
        for books in (self._slots, self._members, self._queues):
            books.clear()
        self._shares, self._wheel = TenantShares(), Wheel()
        if count:
            self._on_removal(Removal.CLEARED, count)
        return count

    def _make_room(self, tenant: str, cost: int, now: float) -> None:
        while self._shares.total + cost > self._max_bytes or len(self._slots) >= self._max_entries:
            dead = self._wheel.dead(now)
            if dead is not None:
                self._remove(self._slots[dead], Removal.EXPIRED)
            else:
                payer = self._shares.payer(tenant, cost)
                self._remove(self._queues[payer].victim(), Removal.EVICTED)

    def _insert(self, slot: MemorySlot[V]) -> None:
        self._slots[slot.key] = slot
        queue = self._queues.get(slot.tenant)
        if queue is None:
            queue = self._queues[slot.tenant] = Sieve()
        queue.add(slot)
        self._shares.add(slot.tenant, slot.size)
        self._wheel.add(slot.key, slot.dead_until)
        for group in slot.groups:
            members = self._members.get(group)
            if members is None:
                members = self._members[group] = {}
            members[slot.key] = None

    def _remove(self, slot: MemorySlot[V], cause: Removal) -> None:
        del self._slots[slot.key]
        queue = self._queues[slot.tenant]
        queue.remove(slot)
        if not queue.size:
            del self._queues[slot.tenant]
        self._shares.add(slot.tenant, -slot.size)
        self._wheel.remove(slot.key, slot.dead_until)
        for group in set(slot.groups):
            keys = self._members[group]
            del keys[slot.key]
            if not keys:
                del self._members[group]
        self._left[cause] = self._left.get(cause, 0) + 1

    def _report(self) -> None:
        if self._left:
            left, self._left = self._left, {}
            for cause, count in left.items():
                self._on_removal(cause, count)
