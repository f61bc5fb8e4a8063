"""Translate between a tree of dataclasses and a flat list of settings. Pure.

A field with a meaning (`annotated_types.doc`) is a leaf of the tree: a setting. A field that is a dataclass, or a
mapping of dataclasses, is a branch. Any other field is a constant. The name of a leaf is its path, joined with
underscores. A branch whose field has the metadata `nameless` adds nothing to that path.
"""

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from enum import Enum
from typing import Annotated, Any, Final, TypeVar, get_args, get_origin, get_type_hints

from annotated_types import Unit, doc

T = TypeVar("T")
_Doc: Any = type(doc(""))
Values = Mapping[str, object]


class _Required(Enum):
    REQUIRED = "required"


REQUIRED: Final = _Required.REQUIRED
"""The default of a setting that has none."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """One setting: its name in small letters without the prefix of variables, its annotated type, its default, its
    unit (empty where it has none) and its meaning."""

    name: str
    kind: Any
    default: Any
    unit: str
    meaning: str


@dataclass(frozen=True, slots=True)
class _Branch:
    kind: type
    values: Values
    prefix: str


def list_leaves(kind: type, values: Values, prefix: str = "") -> Iterator[Leaf]:
    """List the settings of a tree of this kind in the order of its fields.

    `values` holds defaults by the names of fields; a field without one there has the default of its class.
    """
    for field, hint in _list_fields(kind):
        value = values.get(field.name, _find_default(field))
        if meaning := _find_said(hint, _Doc):
            unit = _find_said(hint, Unit)
            yield Leaf(prefix + field.name, hint, value, unit.unit if unit else "", meaning.documentation)
        for branch in _list_branches(field, hint, value, prefix).values():
            yield from list_leaves(branch.kind, branch.values, branch.prefix)


def grow(kind: type[T], given: Values, values: Values, prefix: str = "") -> T:
    """Build the tree. A setting has its value of `given`, else of `values`, else the default of its field.

    `given` holds settings by their names, `values` fields by theirs. Raises TypeError for a required setting that has
    no value.
    """
    made = dict(values)
    for field, hint in _list_fields(kind):
        value = values.get(field.name, _find_default(field))
        name = prefix + field.name
        if name in given and _find_said(hint, _Doc):
            made[field.name] = given[name]
        if branches := _list_branches(field, hint, value, prefix):
            grown: dict[str, Any] = {
                key: grow(one.kind, given, one.values, one.prefix) for key, one in branches.items()
            }
            made[field.name] = grown if isinstance(value, Mapping) else grown[""]
    return kind(**made)


def flatten(tree: object) -> dict[str, object]:
    """List the values of a tree's settings by name."""
    assert is_dataclass(tree)
    return {leaf.name: leaf.default for leaf in list_leaves(type(tree), take_values(tree))}


def take_values(tree: object) -> Values:
    """List the values of a dataclass by field; the list is empty for any other object."""
    return {field.name: getattr(tree, field.name) for field in fields(tree)} if is_dataclass(tree) else {}


def _list_fields(kind: type) -> list[tuple["Field[Any]", Any]]:
    hints = get_type_hints(kind, include_extras=True)
    return [(field, hints[field.name]) for field in fields(kind)]


def _find_default(field: "Field[Any]") -> object:
    if field.default_factory is not MISSING:
        return field.default_factory()
    return REQUIRED if field.default is MISSING else field.default


def _find_said(hint: Any, kind: type[T]) -> T | None:
    """Find the first object of this kind in the annotation of a type; None if there is none."""
    said = get_args(hint)[1:] if get_origin(hint) is Annotated else ()
    return next((one for one in said if isinstance(one, kind)), None)


def _list_branches(field: "Field[Any]", hint: Any, value: object, prefix: str) -> dict[str, _Branch]:
    """List the branches of one field: one without a key, one for each key of a mapping, or none."""
    name = prefix if field.metadata.get("nameless") else f"{prefix}{field.name}_"
    if is_dataclass(hint):
        return {"": _Branch(hint, take_values(value), name)}  # type: ignore[arg-type]
    if isinstance(value, Mapping):
        return {key: _Branch(type(one), take_values(one), f"{name}{key}_") for key, one in value.items()}
    return {}
