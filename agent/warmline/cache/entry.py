"""What a cache holds and what it answers. Pure."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

V = TypeVar("V")


class Source(StrEnum):
    """Who answered a lookup."""

    L1 = "l1"
    L2 = "l2"
    ORIGIN = "origin"
    STALE = "stale"


@dataclass(frozen=True, slots=True)
class Found(Generic[V]):
    """A value and who answered with it."""

    value: V
    source: Source


@dataclass(frozen=True, slots=True)
class Entry:
    """An encoded value and the wall-clock second at which it was loaded.

    `negative` marks the answer "there is no such thing", which is kept for a time of its own.
    """

    payload: bytes
    born: float
    negative: bool = False
