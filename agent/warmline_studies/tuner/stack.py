"""Stack distances: how many other keys were asked for since a key was asked for last (Mattson et al., 1970).

An LRU cache of any size has a key if and only if its distance, itself included, is within that size. All sizes are
therefore known from one pass.
"""

from typing import NamedTuple

FIRST_ROOM = 256


class Distance(NamedTuple):
    """Distinct keys since the key was asked for last, and their bytes; both count the key itself."""

    entries: int
    bytes: int


class Stack:
    """Keys by the time of their last access. An access takes O(log n), by a Fenwick tree over times (Fenwick, 1994)."""

    __slots__ = ("_bytes", "_counts", "_next", "_places")

    def __init__(self) -> None:
        self._places: dict[str, tuple[int, int]] = {}
        """By key, the time of its last access and its size; in the order of times."""
        self._make_room(FIRST_ROOM)

    def __len__(self) -> int:
        return len(self._places)

    def access(self, key: str, size: int) -> Distance | None:
        """Compute the distance of a key, None the first time; the key is the latest from now on."""
        if self._next == len(self._counts):
            self._make_room(max(FIRST_ROOM, 3 * len(self._places)))
        place, distance = self._places.pop(key, None), None
        if place is not None:
            time, old_size = place
            whole, older = self._until(self._next - 1), self._until(time)
            distance = Distance(whole.entries - older.entries + 1, whole.bytes - older.bytes + size)
            self._add(time, -1, -old_size)
        self._places[key] = (self._next, size)
        self._add(self._next, 1, size)
        self._next += 1
        return distance

    def _make_room(self, room: int) -> None:
        """Number the times anew, from one, and forget times that no key has any more."""
        self._counts = [0] * (room + 1)
        self._bytes = [0] * (room + 1)
        self._next = 1
        for key, (_, size) in self._places.items():
            self._places[key] = (self._next, size)
            self._add(self._next, 1, size)
            self._next += 1

    def _add(self, time: int, entries: int, size: int) -> None:
        while time < len(self._counts):
            self._counts[time] += entries
            self._bytes[time] += size
            time += time & -time

    def _until(self, time: int) -> Distance:
        entries = size = 0
        while time:
            entries += self._counts[time]
            size += self._bytes[time]
            time -= time & -time
        return Distance(entries, size)
