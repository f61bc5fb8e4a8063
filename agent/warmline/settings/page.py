"""Write the settings as a page of documentation. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal, get_args, get_origin

from annotated_types import Ge, Gt, Le

from warmline.settings.leaves import REQUIRED, Leaf, list_leaves, take_values
from warmline.settings.reading import RENAMED, name_variable
from warmline.settings.tree import NUMBERS, PROFILES, SETTINGS, Profile

_HEAD = (
    "# Settings of a worker",
    "",
    "What `python -m warmline check --list` prints; `make settings-page` writes it here.",
    "",
    "An inventory sets them by their names in small letters and without the prefix, in `agent_settings`, such as",
    "`{cache_rag_ttl: 600}`; those that an option of the role `agent` sets are refused there by that option's name.",
    "Where a default is written `low / high`, it is that of `WARMLINE_PROFILE=low_traffic` and of `high_traffic`.",
    "",
    "| variable | unit | default | may be | meaning |",
    "|---|---|---|---|---|",
)


def write_lines() -> Iterator[str]:
    """Write the page: every setting with its unit, its default, the values it may have, and its meaning."""
    busy = _list_busy()
    yield from _HEAD
    for leaf in SETTINGS.values():
        yield _write_row(leaf, busy)
    yield ""
    yield "Settings that had another name are refused, with the name that they have now:"
    yield ""
    yield from (f"- `{name_variable(old)}` is `{name_variable(new)}`" for old, new in RENAMED.items())


def list_settings() -> Iterator[dict[str, str | list[str]]]:
    """Every setting for a program to read: what the page says, in text; `default` by profile where they differ."""
    busy = _list_busy()
    for leaf in SETTINGS.values():
        yield {
            "variable": name_variable(leaf.name),
            "unit": leaf.unit,
            "default": _write_defaults(leaf, busy),
            "may_be": [*_list_allowed(leaf.kind)],
            "meaning": leaf.meaning,
        }


def _list_busy() -> dict[str, Any]:
    """The defaults of `high_traffic` by setting."""
    return {leaf.name: leaf.default for leaf in list_leaves(Profile, take_values(PROFILES["high_traffic"]))}


def _write_defaults(leaf: Leaf, busy: Mapping[str, Any]) -> str:
    low = _write_default(leaf.default)
    high = _write_default(busy[leaf.name]) if leaf.name in NUMBERS else low
    return low if low == high else f"{low} / {high}"


def _write_row(leaf: Leaf, busy: Mapping[str, Any]) -> str:
    allowed = ", ".join(_list_allowed(leaf.kind))
    cells = (f"`{name_variable(leaf.name)}`", leaf.unit, _write_defaults(leaf, busy), allowed, leaf.meaning)
    return f"| {' | '.join(cells)} |".replace("|  |", "| |").replace("|  |", "| |")


def _write_default(default: Any) -> str:
    if default is REQUIRED:
        return "required"
    if isinstance(default, float):
        return f"{default:.10g}"
    if isinstance(default, tuple):
        default = ",".join(default)
    return "none" if default in {None, ""} else str(default)


def _list_allowed(kind: Any) -> Iterator[str]:
    """List the bounds and the choices that a type's annotations set for its values."""
    if get_origin(kind) is Literal:
        yield from (f"`{one}`" for one in get_args(kind))
        return
    for one in get_args(kind):
        match one:
            case Gt(gt):
                yield f"> {gt}"
            case Ge(ge):
                yield f"≥ {ge}"
            case Le(le):
                yield f"≤ {le}"
            case _:
                yield from _list_allowed(one)
