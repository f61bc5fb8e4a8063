"""Entry ↔ bytes for the shared store.

Layout, big-endian: schema (1 byte), flags (1 byte), born (8 bytes, IEEE double, wall seconds), identity (8 random
bytes): these 18 bytes are the slot's *stamp*, which a write compares. Then how many groups the key has (1 byte), the
payload's length (4 bytes), a CRC-32 (4 bytes), one token of 8 bytes for each group, and the payload, which is not
copied through any text format. The sum is taken over everything but itself, or, where the flags say so, over all of
that but the payload.

A *vacancy* is a stamp alone: nobody has loaded this yet, or somebody invalidated it. Vacancy, the stamp's place and the
tokens are of the protocol (`key.PROTOCOL`), which workers of every version speak; the rest is of the schema.
"""

import math
import struct
from collections.abc import Callable
from functools import lru_cache
from typing import Protocol, TypeVar
from zlib import crc32

from warmline_cache.entry import CacheEntry

V = TypeVar("V")

Bytes = Callable[[int], bytes]
"""As many random bytes as asked for."""

SCHEMA = 4
"""Raised whenever the meaning of an entry's bytes changes: an entry of another schema is a miss. Two bits apart from
the one before, so that no single damaged bit makes one the other."""

FORMER = 2
"""The schema of workers that may still be running beside ours, while a fleet is being replaced."""

TOKEN_BYTES = 8
_STAMP = struct.Struct(f">BBd{TOKEN_BYTES}s")
STAMP_BYTES = _STAMP.size
_HEAD = struct.Struct(f"{_STAMP.format}BI")
_VACANCY = 2
_NEGATIVE = 0b001
_VACANT = 0b010
_UNCHECKED = 0b100


class Codec(Protocol[V]):
    """Turns the values of one cache into bytes and back. `decode` raises ValueError for bytes it does not know."""

    def encode(self, value: V) -> bytes: ...

    def decode(self, payload: bytes) -> V: ...


class OtherSchema(ValueError):
    """An entry that a worker of another version stored: whole, and not to be read here."""


def vacancy(identity: bytes) -> bytes:
    """A slot that holds no value, told from every other by its `identity`."""
    return _STAMP.pack(_VACANCY, _VACANT, 0.0, identity)


def pack(entry: CacheEntry, *, schema: int = SCHEMA) -> bytes:
    """The entry as stored in Redis."""
    flags = (_NEGATIVE if entry.negative else 0) | (0 if entry.checked else _UNCHECKED)
    head = _HEAD.pack(schema, flags, entry.born, entry.identity, len(entry.generations), len(entry.payload))
    tokens = b"".join(entry.generations)
    total = crc32(tokens, crc32(head))
    if entry.checked:
        total = crc32(entry.payload, total)
    return b"".join((head, total.to_bytes(4, "big"), tokens, entry.payload))


def unpack(data: bytes, groups: int, *, schema: int = SCHEMA) -> CacheEntry | None:
    """The entry that `pack` stored for a key of so many groups; None for a vacancy.

    Raises OtherSchema for what a version before may have stored, ValueError for anything else, damage included.
    """
    if len(data) == STAMP_BYTES and data[0] == _VACANCY and data[1] == _VACANT:
        return None
    if not data or data[0] != schema:
        raise (OtherSchema if _is_former(data, groups) else ValueError)(f"not an entry of schema {schema}")
    layout = _layout(groups)
    if len(data) < layout.size:
        raise ValueError("shorter than its tokens")
    _, flags, born, identity, count, length, total, *tokens = layout.unpack_from(data)
    payload = data[layout.size :]
    if count != groups or length != len(payload):
        raise ValueError("not of the length, or not for as many groups, as it says")
    if total != _sum(data, payload, layout.size, flags):
        raise ValueError("damaged")
    if flags & ~(_NEGATIVE | _UNCHECKED) or math.isnan(born) or (flags & _NEGATIVE and payload):
        raise ValueError("says what no entry says")
    negative, checked = bool(flags & _NEGATIVE), not flags & _UNCHECKED
    return CacheEntry(payload, born, identity, tuple(tokens), negative, checked)


def _is_former(data: bytes, groups: int) -> bool:
    """Schema 2: the stamp, of which no entry sets a flag but that of "no such thing", then tokens and payload."""
    return len(data) >= STAMP_BYTES + groups * TOKEN_BYTES and data[0] == FORMER and data[1] <= _NEGATIVE


def _sum(data: bytes, payload: bytes, size: int, flags: int) -> int:
    total = crc32(data[_HEAD.size + 4 : size], crc32(data[: _HEAD.size]))
    return total if flags & _UNCHECKED else crc32(payload, total)


@lru_cache
def _layout(groups: int) -> struct.Struct:
    return struct.Struct(f"{_HEAD.format}I" + f"{TOKEN_BYTES}s" * groups)
