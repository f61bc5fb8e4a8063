"""A shape from words such as `conversations=5000`."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from warmline_studies.traces.errors import TraceError
from warmline_studies.traces.shape import MOST, Shape, invent_tenants

NUMBERS = {field.name: field.type for field in fields(Shape) if field.name != "tenants"}
NAMES = ("organisations", "agents", *NUMBERS)


def parse_shape(words: Sequence[str]) -> Shape:
    """Read a shape, with the simulators' organisations unless `organisations` says how many to invent, each with
    `agents` agents. Raises TraceError, which names the wrong word."""
    given = dict(_number(word) for word in words)
    organisations, agents = given.pop("organisations", None), given.pop("agents", 1)
    if organisations is not None:
        if organisations * agents > MOST:
            raise TraceError([f"organisations times agents must be at most {MOST:,}"])
        given["tenants"] = invent_tenants(organisations, agents)
    try:
        return Shape(**given)
    except ValueError as error:
        raise TraceError([str(error)]) from None


def _number(word: str) -> tuple[str, Any]:
    name, _, number = word.partition("=")
    if name not in NAMES:
        raise TraceError([f"{word}: there is no such name; there are {', '.join(NAMES)}"])
    try:
        return name, float(number) if NUMBERS.get(name) is float else int(number)
    except ValueError:
        raise TraceError(
            [f"{word}: {name} must be {'a' if NUMBERS.get(name) is float else 'a whole'} number"]
        ) from None
