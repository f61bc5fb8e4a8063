"""What L1 knows of one value. A plain class with slots: attribute reads are what a hit costs."""

from __future__ import annotations

from typing import Generic, TypeVar

V = TypeVar("V")


class MemorySlot(Generic[V]):
    """A value and until when it is fresh, and kept at all, by the clock of whoever put it; `size` in bytes with what
    the bookkeeping costs. `retry_at` is for the reader: when a load that failed may be tried again. The rest is the
    queue's: a link to the `older` and the `newer` neighbour, and whether it was `visited` since the hand passed."""

    __slots__ = (
        "dead_until",
        "fresh_until",
        "groups",
        "key",
        "newer",
        "older",
        "retry_at",
        "size",
        "tenant",
        "value",
        "visited",
    )

    def __init__(
        self,
        key: str,
        value: V,
        *,
        tenant: str,
        groups: tuple[str, ...],
        size: int,
        fresh_until: float,
        dead_until: float,
    ) -> None:
        self.key = key
        self.value = value
        self.tenant = tenant
        self.groups = groups
        self.size = size
        self.fresh_until = fresh_until
        self.dead_until = dead_until
        self.retry_at = 0.0
        self.visited = False
        self.older: MemorySlot[V] | None = None
        self.newer: MemorySlot[V] | None = None
