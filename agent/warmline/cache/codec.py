"""Entry ↔ bytes for the shared store, and the codecs of the values inside.

Layout, big-endian: version (1 byte), flags (1 byte, bit 0 = negative), born (8 bytes, IEEE double, wall seconds), then
the payload. The payload is not copied through any text format.
"""

import struct
from typing import Protocol, TypeVar

from warmline.cache.entry import Entry

V = TypeVar("V")

_HEADER = struct.Struct(">BBd")
_VERSION = 1
_NEGATIVE = 0b1


class Codec(Protocol[V]):
    """Turns the values of one cache into bytes and back. `decode` raises ValueError for bytes it does not know."""

    def encode(self, value: V) -> bytes: ...

    def decode(self, payload: bytes) -> V: ...


def pack(entry: Entry) -> bytes:
    """The entry as stored in Redis."""
    return _HEADER.pack(_VERSION, _NEGATIVE if entry.negative else 0, entry.born) + entry.payload


def unpack(data: bytes) -> Entry:
    """The entry that `pack` stored. Raises ValueError for anything else, another version included."""
    if len(data) < _HEADER.size:
        raise ValueError("shorter than an entry's header")
    version, flags, born = _HEADER.unpack_from(data)
    if version != _VERSION or flags > _NEGATIVE:
        raise ValueError(f"not an entry of version {_VERSION}")
    return Entry(payload=data[_HEADER.size :], born=born, negative=bool(flags & _NEGATIVE))
