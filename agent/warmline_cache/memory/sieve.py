"""SIEVE eviction (Zhang et al., "SIEVE is Simpler than LRU", NSDI 2024).

A queue in order of arrival and a hand. A hit only marks its slot as visited. To evict, the hand moves from the oldest
towards the newest, forgives visited slots once by clearing their mark, and takes the first unvisited one; it stays
where it stopped. What is asked for once in a scan is gone by the hand's next round; what is popular stays.
"""

from collections.abc import Iterator
from typing import Generic, TypeVar

from warmline_cache.memory.slot import MemorySlot

V = TypeVar("V")


class Sieve(Generic[V]):
    """One tenant's queue. Every operation is O(1), `victim` amortised: each step of the hand undoes a visit."""

    __slots__ = ("_hand", "_newest", "_oldest", "size")

    def __init__(self) -> None:
        self.size = 0
        """Bytes of all its slots."""
        self._oldest: MemorySlot[V] | None = None
        self._newest: MemorySlot[V] | None = None
        self._hand: MemorySlot[V] | None = None

    def __iter__(self) -> Iterator[MemorySlot[V]]:
        """From the oldest to the newest."""
        slot = self._oldest
        while slot is not None:
            yield slot
            slot = slot.newer

    def add(self, slot: MemorySlot[V]) -> None:
        """A new slot is the newest."""
        slot.older, slot.newer = self._newest, None
        if self._newest is None:
            self._oldest = slot
        else:
            self._newest.newer = slot
        self._newest = slot
        self.size += slot.size

    def remove(self, slot: MemorySlot[V]) -> None:
        """Take a slot of this queue out of it; a hand that points there moves on."""
        if self._hand is slot:
            self._hand = slot.newer
        if slot.older is None:
            self._oldest = slot.newer
        else:
            slot.older.newer = slot.newer
        if slot.newer is None:
            self._newest = slot.older
        else:
            slot.newer.older = slot.older
        slot.older = slot.newer = None
        self.size -= slot.size

    def victim(self) -> MemorySlot[V]:
        """The slot to evict next, still in the queue. The queue must not be empty."""
        slot = self._hand or self._oldest
        assert slot is not None, "nothing to evict"
        while slot.visited:
            slot.visited = False
            slot = slot.newer or self._oldest
            assert slot is not None
        self._hand = slot
        return slot
