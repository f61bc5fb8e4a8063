"""What a decoded value costs in memory. Pure.

Encoded bytes say little of it: each text of ten letters is fifty-nine bytes of object, and a list of names is mostly
objects. What is counted is what the interpreter asks its allocator for, which `tests/unit/cache/test_weight.py` holds
against tracemalloc.
"""

import sys
from enum import Enum
from functools import lru_cache
from typing import Any

_LEAVES = frozenset({str, float, bytes})
_ROWS = (list, tuple, set, frozenset)
_SMALL = range(-5, 257)
"""Whole numbers of which CPython has one each, whoever refers to them."""


def weigh(value: Any) -> int:
    """Bytes that are kept with a value: of bytes their length, of anything else its objects, parts included."""
    if isinstance(value, bytes):
        return len(value)
    size, left, seen = 0, [value], set[int]()
    while left:
        one = left.pop()
        kind = type(one)
        if kind in _LEAVES:
            size += sys.getsizeof(one)
        elif not _is_everybodys(one) and id(one) not in seen:
            seen.add(id(one))  # of what has parts, lest a ring be followed for ever
            size += sys.getsizeof(one)
            left.extend(one if kind in _ROWS else _parts(one))
    return size


def _is_everybodys(value: Any) -> bool:
    """Whether there is one of it in the process, so that nobody pays for it."""
    return value is None or isinstance(value, (bool, Enum, type)) or (type(value) is int and value in _SMALL)


def _parts(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [*value, *value.values()]
    if isinstance(value, _ROWS):
        return [*value]
    kind: Any = type(value)
    held: list[Any] = [getattr(value, name, None) for name in _fields(kind)]
    named = getattr(value, "__dict__", None)
    return held if named is None else [*held, named]


@lru_cache
def _fields(kind: Any) -> tuple[str, ...]:
    """The attributes that have a place of their own in instances."""
    slots = [base.__dict__.get("__slots__", ()) for base in getattr(kind, "__mro__", ())]
    return tuple(name for names in slots for name in ((names,) if isinstance(names, str) else names))
