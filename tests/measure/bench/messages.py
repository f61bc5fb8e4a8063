"""What the benchmark says to its worker processes, one JSON line each, and what they answer."""

from typing import Any

import msgspec


class Open(msgspec.Struct, frozen=True, tag=True):
    """Have these caches, and no others, over an origin of this kind."""

    names: list[str]
    origin: str


class Cold(msgspec.Struct, frozen=True, tag=True):
    """So many callers ask `name` for `key` at that moment of the monotonic clock. → when the last had its answer."""

    name: str
    key: str
    callers: int
    at: float


class Listen(msgspec.Struct, frozen=True, tag=True):
    """Somebody listens to the phrase `key` from that moment of the monotonic clock on. → when the first of it came, and
    whether this process had to load it."""

    name: str
    key: str
    at: float


class Invalidate(msgspec.Struct, frozen=True, tag=True):
    """→ milliseconds, and how many workers acknowledged and how many had to be waited out, where a library tells."""

    name: str
    key: str


class Read(msgspec.Struct, frozen=True, tag=True):
    """→ the value, a number."""

    name: str
    key: str


class Disturb(msgspec.Struct, frozen=True, tag=True):
    """So many tasks read these keys at random, until told otherwise; none end it. → reads since the last such work, and
    how many of them failed."""

    name: str
    keys: list[str]
    tasks: int


Work = Open | Cold | Listen | Invalidate | Read | Disturb


class Request(msgspec.Struct, frozen=True):
    """Numbered work."""

    number: int
    work: Work


class Reply(msgspec.Struct, frozen=True):
    """What came of it."""

    number: int
    result: Any = None
    error: str = ""
