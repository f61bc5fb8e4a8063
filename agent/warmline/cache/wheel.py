"""What dies when: slots in buckets of one second, so that the dead are found without looking at the living."""

import math
from typing import Generic, TypeVar

from warmline.cache.slot import Slot

V = TypeVar("V")


class Wheel(Generic[V]):
    """Slots by the second in which they die. Slots that never die are not in it.

    Every operation is O(1), `take_dead` amortised: it looks at each bucket at most once in the second that one is due,
    and not at the seconds that passed, however many.
    """

    __slots__ = ("_buckets", "_next")

    def __init__(self) -> None:
        self._buckets: dict[int, dict[Slot[V], None]] = {}
        self._next = math.inf
        """No bucket is earlier than this second."""

    def __len__(self) -> int:
        return sum(map(len, self._buckets.values()))

    def add(self, slot: Slot[V]) -> None:
        """Remember when the slot dies."""
        if slot.dead_until < math.inf:
            second = math.floor(slot.dead_until)
            self._buckets.setdefault(second, {})[slot] = None
            self._next = min(self._next, second)

    def remove(self, slot: Slot[V]) -> None:
        """Forget a slot, if it is still remembered."""
        if slot.dead_until < math.inf:
            second = math.floor(slot.dead_until)
            bucket = self._buckets.get(second, {})
            bucket.pop(slot, None)
            if not bucket:
                self._buckets.pop(second, None)

    def take_dead(self, now: float) -> list[Slot[V]]:
        """Every slot that died in a second before this one; they are forgotten."""
        if self._next >= math.floor(now):
            return []
        due = sorted(second for second in self._buckets if second < math.floor(now))
        dead = [slot for second in due for slot in self._buckets.pop(second)]
        self._next = min(self._buckets, default=math.inf)
        return dead
