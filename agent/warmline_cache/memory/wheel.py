"""What dies when, by the second, so that the dead are found without a look at the living."""

import math
from collections.abc import Mapping
from heapq import heapify, heappop, heappush

SLACK = 16


class Wheel:
    """Keys and their deadlines, in seconds of whatever clock `now` is read from.

    A deadline whose second has not come stands in a bucket with the others of that second: O(1) to add and to remove.
    When its second has come and the dead are asked for, it moves, once, into a heap of the near ones, which knows to
    the moment what is dead: O(log of those that are near). Only one bucket moves at a time, however many are due. An
    idle gap costs a step for each second or each bucket, whichever is less. A clock that jumps makes this slower,
    never wrong.
    """

    __slots__ = ("_begun", "_due", "_heap", "_near", "_seconds")

    def __init__(self) -> None:
        self._seconds: dict[int, dict[str, float]] = {}
        self._begun = 0
        """What is added for a second below this one is near at once."""
        self._due: list[int] = []
        """The seconds below `_begun` whose buckets have not moved yet, the earliest last."""
        self._near: dict[str, float] = {}
        self._heap: list[tuple[float, str]] = []
        """The near ones in order, and some that were removed since."""

    def add(self, key: str, deadline: float) -> None:
        """Keep a key that is not here yet. One that never dies is not kept."""
        if deadline == math.inf:
            return
        second = math.floor(deadline)
        if second < self._begun:
            self._approach(key, deadline)
        else:
            self._seconds.setdefault(second, {})[key] = deadline

    def remove(self, key: str, deadline: float) -> None:
        """Forget a key that was added with this deadline."""
        if deadline == math.inf:
            return
        second = math.floor(deadline)
        bucket = self._seconds.get(second)
        if bucket is None or bucket.pop(key, None) is None:
            del self._near[key]
            self._tidy()
        elif not bucket:
            del self._seconds[second]

    def dead(self, now: float) -> str | None:
        """A key whose deadline has come, if there is one; it stays until it is removed."""
        key = self._first_near(now)
        while key is None and self._advance(math.floor(now) + 1):
            key = self._first_near(now)
        return key

    def deadlines(self) -> Mapping[str, float]:
        """All that is kept."""
        return {key: deadline for part in (self._near, *self._seconds.values()) for key, deadline in part.items()}

    def _first_near(self, now: float) -> str | None:
        heap = self._heap
        while heap and heap[0][0] <= now:
            deadline, key = heap[0]
            if self._near.get(key) == deadline:
                return key
            heappop(heap)
        return None

    def _advance(self, end: int) -> bool:
        """Move the earliest bucket below second `end` among the near ones, if there is one."""
        if not self._due and end > self._begun:
            if end - self._begun > len(self._seconds):
                due = [second for second in self._seconds if second < end]
            else:
                due = [second for second in range(self._begun, end) if second in self._seconds]
            self._due = sorted(due, reverse=True)
            self._begun = end
        if not self._due:
            return False
        for key, deadline in self._seconds.pop(self._due.pop(), {}).items():
            self._approach(key, deadline)
        return True

    def _approach(self, key: str, deadline: float) -> None:
        self._near[key] = deadline
        heappush(self._heap, (deadline, key))

    def _tidy(self) -> None:
        """Keep what was removed from outgrowing what is here."""
        if len(self._heap) > 2 * len(self._near) + SLACK:
            self._heap = [(deadline, key) for key, deadline in self._near.items()]
            heapify(self._heap)
