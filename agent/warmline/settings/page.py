"""The settings as a page of documentation. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal, get_args, get_origin

from annotated_types import Ge, Gt, Le

from warmline.settings.leaves import REQUIRED, Leaf, leaves, values_of
from warmline.settings.reading import RENAMED, variable
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


def lines() -> Iterator[str]:
    """The page: every setting with its unit, its default, what it may be and what it means."""
    busy = {leaf.name: leaf.default for leaf in leaves(Profile, values_of(PROFILES["high_traffic"]))}
    yield from _HEAD
    for leaf in SETTINGS.values():
        yield _row(leaf, busy)
    yield ""
    yield "Settings that had another name are refused, with the name that they have now:"
    yield ""
    yield from (f"- `{variable(old)}` is `{variable(new)}`" for old, new in RENAMED.items())


def _row(leaf: Leaf, busy: Mapping[str, Any]) -> str:
    low = _shown(leaf.default)
    high = _shown(busy[leaf.name]) if leaf.name in NUMBERS else low
    default = low if low == high else f"{low} / {high}"
    cells = (f"`{variable(leaf.name)}`", leaf.unit, default, ", ".join(_allowed(leaf.kind)), leaf.meaning)
    return f"| {' | '.join(cells)} |".replace("|  |", "| |").replace("|  |", "| |")


def _shown(default: Any) -> str:
    if default is REQUIRED:
        return "required"
    if isinstance(default, float):
        return f"{default:.10g}"
    if isinstance(default, tuple):
        default = ",".join(default)
    return "none" if default in {None, ""} else str(default)


def _allowed(kind: Any) -> Iterator[str]:
    """What the annotations of a type say that its values may be."""
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
                yield from _allowed(one)
