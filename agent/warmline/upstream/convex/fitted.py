"""A decoded JSON value as the type that is expected of it, read as JavaScript means it. Pure.

The functions at the data provider are written by its customers, in JavaScript: `undefined` arrives as null, every
number as a 64-bit float, an integer of 64 bits as its text, and a row of a table may lack what others have. So:

- null is as absent: a field has its default, an element of a list is left out;
- an element that cannot be read is left out, for it must not cost the others; unless none of the whole list can be;
- a whole number may come as 3.0 or "3", and of 3.7 counts 3; where a fraction counts the type is `int | float`;
- a number stands for its text, 3.0 for "3"; what JSON has no number for, such as "NaN", is none.
"""

import math
import types
import typing
from functools import lru_cache
from typing import Annotated, Any, Generic, NamedTuple, TypeVar, get_args, get_origin

import msgspec

T = TypeVar("T")

_EXACT = 2**53
"""Beyond it a float does not hold every whole number: what is larger counts nothing."""

_LONGEST_WHOLE = 1024
"""Bits of a whole number that may stand for its text, as many as a double's may have: to write one takes the square of
its digits, and a thousand of four thousand each took a quarter of a second."""

_NO_NUMBER = "no number"
_MOST = 10_000
_TOO_MANY = f"more than {_MOST} elements"
"""Each element costs the event loop some microseconds."""


class Fitted(NamedTuple, Generic[T]):
    """The value, and what was left out of it: why, and where."""

    value: T
    left_out: tuple[str, ...]


def fit_value(value: object, type_: type[T]) -> Fitted[T]:
    """The value as `type_`. Raises msgspec.ValidationError, which says what was expected and where."""
    left_out: list[str] = []
    found = msgspec.convert(_fit(value, type_, "$", left_out), type=type_)
    return Fitted(found, tuple(left_out))


def _fit(value: Any, type_: Any, path: str, left_out: list[str]) -> Any:
    """The value, brought as near to the type as it can be; what is then no such value is msgspec's to name."""
    wanted = _alternatives(type_)
    if isinstance(value, dict) and isinstance(wanted[0], type) and issubclass(wanted[0], msgspec.Struct):
        return _fields(value, wanted[0], path, left_out)
    if isinstance(value, list) and get_origin(wanted[0]) in {list, tuple}:
        return _elements(value, get_args(wanted[0])[0], path, left_out)
    if isinstance(value, str) and {*wanted} <= {int, float}:
        return _fit_number(_parse(value), wanted)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _fit_number(value, wanted)
    return value


def _fields(value: dict[str, Any], type_: type[msgspec.Struct], path: str, left_out: list[str]) -> dict[str, Any]:
    present = [(name, wanted) for name, wanted in _fields_of(type_) if value.get(name) is not None]
    return {name: _fit(value[name], wanted, f"{path}.{name}", left_out) for name, wanted in present}


@lru_cache
def _fields_of(type_: type[msgspec.Struct]) -> tuple[tuple[str, Any], ...]:
    """Looked up once: msgspec reads the annotations anew each time, which took longer than all the rest."""
    return tuple((one.encode_name, one.type) for one in msgspec.structs.fields(type_))


def _elements(values: list[Any], type_: Any, path: str, left_out: list[str]) -> list[Any] | str:
    if len(values) > _MOST:
        return _TOO_MANY
    found, bad = [], []
    for number, one in enumerate(values):
        place = f"{path}[{number}]"
        if one is None:
            left_out.append(f"null - at `{place}`")
            continue
        fit = _fit(one, type_, place, left_out)
        try:
            msgspec.convert(fit, type=type_)
        except msgspec.ValidationError as error:
            bad.append(_place(error, place))
        else:
            found.append(fit)
    if path == "$" and bad and not found:
        raise msgspec.ValidationError(bad[0])
    left_out += bad
    return found


def _place(error: msgspec.ValidationError, place: str) -> str:
    """What msgspec says of an element, whose fields it counts from `$`, as seen from the whole."""
    what, _, field = str(error).partition(" - at `$")
    return f"{what} - at `{place}{field.rstrip('`')}`"


def _fit_number(value: float | str, wanted: tuple[Any, ...]) -> Any:
    if wanted == (str,):
        if isinstance(value, int) and value.bit_length() > _LONGEST_WHOLE:
            return value
        whole = isinstance(value, float) and abs(value) <= _EXACT and value == int(value)
        return str(int(value) if whole else value)
    if isinstance(value, int | float) and int in wanted and abs(value) <= _EXACT:
        return value if float in wanted and value != int(value) else int(value)
    try:
        return value if isinstance(value, str) else float(value)
    except OverflowError:
        return _NO_NUMBER


def _parse(text: str) -> float | str:
    for number in (int, float):
        try:
            found = number(text)
        except ValueError:
            continue
        return found if isinstance(found, int) or math.isfinite(found) else _NO_NUMBER
    return _NO_NUMBER


@lru_cache
def _alternatives(type_: Any) -> tuple[Any, ...]:
    """What a value of the type may be, beside None."""
    if get_origin(type_) is Annotated:
        type_ = get_args(type_)[0]
    if get_origin(type_) in {typing.Union, types.UnionType}:
        return tuple(one for member in get_args(type_) if member is not types.NoneType for one in _alternatives(member))
    return (type_,)
