"""What a cache holds and what it answers. Pure."""

from enum import StrEnum
from typing import Generic, NamedTuple, TypeVar

V = TypeVar("V")


class Source(StrEnum):
    """Who answered a lookup."""

    L1 = "l1"
    L2 = "l2"
    JOINED = "joined"
    """A load that somebody else had begun, in this worker or another."""
    ORIGIN = "origin"
    STALE = "stale"
    """A value past its time: a fresh one is being loaded, or could not be."""


class Stale(StrEnum):
    """Why a value past its time answered."""

    REVALIDATING = "revalidating"
    """A fresh one is being loaded behind it."""
    SLOW = "slow"
    """The load takes longer than who asked has patience."""
    FAILING = "failing"
    """The load failed, or did so a moment ago."""


class Found(Generic[V]):
    """A value and who answered with it."""

    __slots__ = ("source", "value")

    def __init__(self, value: V, source: Source) -> None:
        self.value = value
        self.source = source

    def __repr__(self) -> str:
        return f"Found({self.value!r}, {self.source.name})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Found) and (self.value, self.source) == (other.value, other.source)

    __hash__ = None  # type: ignore[assignment]


class Outdated(Found[V]):
    """A value past its time, and why it answered nonetheless."""

    __slots__ = ("why",)

    def __init__(self, value: V, why: Stale) -> None:
        super().__init__(value, Source.STALE)
        self.why = why


class CacheEntry(NamedTuple):
    """An encoded value as Redis keeps it.

    `born` is the wall-clock second at which its load ended. `negative` marks the answer "there is no such thing".
    `identity` is random and new for every entry: it tells one from its successor, and decides its jitter alike in
    every worker. `generations` are the tokens of its key's groups, captured before the load began. Unless it is
    `checked`, damage within its payload is not noticed.
    """

    payload: bytes
    born: float
    identity: bytes
    generations: tuple[bytes, ...] = ()
    negative: bool = False
    checked: bool = True
