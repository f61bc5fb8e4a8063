"""What fuzzers share: what came out of a parser, and JSON as others may write it."""

import json
from collections.abc import Callable
from typing import TypeVar

from hypothesis import strategies as st

T = TypeVar("T")
E = TypeVar("E", bound=Exception)


def value_or(refusal: type[E], make: Callable[[], T]) -> T | E:
    """What was made, or the one refusal that is allowed; whatever else is raised is a fault."""
    try:
        return make()
    except refusal as error:
        return error


def written(value: object) -> bytes:
    """As JSON, also what is none: NaN, and half a surrogate pair."""
    return json.dumps(value).encode("utf-8", "surrogatepass")


def json_of(scalars: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    """Values of these, in lists and objects, a few deep."""
    return st.recursive(
        scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    )
