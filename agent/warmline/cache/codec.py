"""Entry ↔ bytes for the shared store.

Layout, big-endian: version (1 byte), flags (1 byte), born (8 bytes, IEEE double, wall seconds), identity (8 random
bytes): these 18 bytes are the slot's *stamp*, which a write compares. Then one token of 8 bytes for each group, then
the payload, which is not copied through any text format. A *vacancy* is a stamp alone: nobody has loaded this yet, or
somebody invalidated it.
"""

import struct
from collections.abc import Callable
from functools import lru_cache
from typing import Protocol, TypeVar

from warmline.cache.entry import Entry

V = TypeVar("V")

Bytes = Callable[[int], bytes]
"""As many random bytes as asked for."""

TOKEN_BYTES = 8
_STAMP = struct.Struct(f">BBd{TOKEN_BYTES}s")
STAMP_BYTES = _STAMP.size
_VERSION = 2
_NEGATIVE = 0b01
_VACANT = 0b10


class Codec(Protocol[V]):
    """Turns the values of one cache into bytes and back. `decode` raises ValueError for bytes it does not know."""

    def encode(self, value: V) -> bytes: ...

    def decode(self, payload: bytes) -> V: ...


def vacancy(identity: bytes) -> bytes:
    """A slot that holds no value, told from every other by its `identity`."""
    return _STAMP.pack(_VERSION, _VACANT, 0.0, identity)


def pack(entry: Entry) -> bytes:
    """The entry as stored in Redis."""
    stamp = _STAMP.pack(_VERSION, _NEGATIVE if entry.negative else 0, entry.born, entry.identity)
    return b"".join((stamp, *entry.generations, entry.payload))


def unpack(data: bytes, groups: int) -> Entry | None:
    """The entry that `pack` stored for a key of so many groups; None for a vacancy.

    Raises ValueError for anything else, another version included.
    """
    if len(data) < STAMP_BYTES:
        raise ValueError("shorter than a stamp")
    version, flags = data[0], data[1]
    if version != _VERSION or flags > _VACANT:
        raise ValueError(f"not a slot of version {_VERSION}")
    if flags & _VACANT:
        return None
    layout = _stamp_and_tokens(groups)
    if len(data) < layout.size:
        raise ValueError("shorter than its tokens")
    _, _, born, identity, *tokens = layout.unpack_from(data)
    return Entry(data[layout.size :], born, identity, tuple(tokens), negative=bool(flags & _NEGATIVE))


@lru_cache
def _stamp_and_tokens(groups: int) -> struct.Struct:
    return struct.Struct(_STAMP.format + f"{TOKEN_BYTES}s" * groups)
