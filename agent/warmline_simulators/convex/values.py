"""Convex's values in JSON: 64-bit integers, floats and bytes among the rest.

Encoded: `{"$integer": base64 of 8 bytes, little-endian}`, `{"$bytes": base64}`, `{"$float": base64}` for floats that
JSON does not have (NaN, the infinities, -0). Clean: integers as decimal text, bytes as base64, those floats as words. A
plain number is a float, as JavaScript's are. In Python: int, float and bytes.
"""

import base64
import binascii
import math
import struct
from typing import Any

Value = Any


class NotAValue(ValueError):
    """JSON that stands for no value."""


def decoded(json: Any) -> Value:
    """The value of encoded JSON, which plain JSON is a part of. Raises NotAValue."""
    if isinstance(json, bool) or json is None or isinstance(json, str):
        return json
    if isinstance(json, int | float):
        return _number(json)
    if isinstance(json, list):
        return [decoded(item) for item in json]
    if len(json) == 1 and (special := next(iter(json))) in _DECODERS:
        return _special(special, json[special])
    if any(key.startswith("$") for key in json):
        raise NotAValue("field names may not start with '$'")
    return {key: decoded(item) for key, item in json.items()}


def encoded(value: Value) -> Any:
    """The value as `convex_encoded_json`."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, int):
        return {"$integer": _base64(struct.pack("<q", value))}
    if isinstance(value, float):
        plain = math.isfinite(value) and not (value == 0 and math.copysign(1, value) < 0)
        return value if plain else {"$float": _base64(struct.pack("<d", value))}
    if isinstance(value, bytes):
        return {"$bytes": _base64(value)}
    return _each(value, encoded)


def clean(value: Value) -> Any:
    """The value as `json`."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else _WORDS.get(value, "NaN")
    if isinstance(value, bytes):
        return _base64(value)
    return _each(value, clean)


_WORDS = {math.inf: "Infinity", -math.inf: "-Infinity"}
_DECODERS = {
    "$integer": lambda data: struct.unpack("<q", data)[0],
    "$float": lambda data: struct.unpack("<d", data)[0],
    "$bytes": lambda data: data,
}


def _number(json: float) -> float:
    try:
        return float(json)
    except OverflowError:
        raise NotAValue("a number that no float holds") from None


def _special(name: str, text: Any) -> Value:
    try:
        return _DECODERS[name](base64.b64decode(text, validate=True))
    except (TypeError, binascii.Error, struct.error) as error:
        raise NotAValue(f"{name} does not hold what it should: {error}") from error


def _each(value: Value, converted: Any) -> Any:
    if isinstance(value, dict):
        return {key: converted(item) for key, item in value.items()}
    return [converted(item) for item in value]


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
