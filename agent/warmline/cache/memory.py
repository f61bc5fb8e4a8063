"""L1: values in this process, inside a byte budget. Never awaits."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

V = TypeVar("V")

OVERHEAD = 300
"""Bytes that an entry costs beside its payload: key text, dict slot, bookkeeping (tracemalloc's figure, rounded)."""


@dataclass(frozen=True, slots=True)
class _Slot(Generic[V]):
    value: V
    expires: float
    size: int


class Memory(Generic[V]):
    """Least-recently-used values with a deadline each, never more than `max_bytes` together.

    `clock` is monotonic, in seconds. A value that alone exceeds the budget is not kept.
    """

    def __init__(self, *, max_bytes: int, clock: Callable[[], float]) -> None:
        self._max_bytes = max_bytes
        self._clock = clock
        self._slots: OrderedDict[str, _Slot[V]] = OrderedDict()
        self._bytes = 0

    @property
    def size(self) -> int:
        """Bytes held now, overhead included."""
        return self._bytes

    def __len__(self) -> int:
        return len(self._slots)

    def get(self, key: str) -> _Slot[V] | None:
        """The slot of `key` while it is fresh, else None."""
        slot = self._slots.get(key)
        if slot is None:
            return None
        if slot.expires <= self._clock():
            self._drop(key)
            return None
        self._slots.move_to_end(key)
        return slot

    def put(self, key: str, value: V, *, size: int, ttl: float) -> None:
        """Keep `value`, whose payload is `size` bytes, for `ttl` seconds, at the expense of the least recently used."""
        if key in self._slots:
            self._drop(key)
        cost = size + OVERHEAD
        if ttl <= 0 or cost > self._max_bytes:
            return
        while self._bytes + cost > self._max_bytes:
            self._drop(next(iter(self._slots)))
        self._slots[key] = _Slot(value, self._clock() + ttl, cost)
        self._bytes += cost

    def _drop(self, key: str) -> None:
        self._bytes -= self._slots.pop(key).size
