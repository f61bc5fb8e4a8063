"""The words that boards are written in: a panel asks a question, and says what to do about a bad answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum


class Kind(Enum):
    """How a panel shows its answer, by Grafana's name."""

    SERIES = "timeseries"
    NUMBER = "stat"
    TABLE = "table"
    HEAT = "heatmap"


@dataclass(frozen=True)
class Query:
    """What Prometheus is asked; `legend` names a series by its labels, `exemplars` asks for those too."""

    expr: str
    legend: str = ""
    exemplars: bool = False


@dataclass(frozen=True)
class Panel:
    """One question. `id` is for ever: alerts link to it. `why` says what the answer means and what to do.

    `most` ends the axis, `marks` colours from a value on, `stacked` adds the series up, `columns` renames a table's
    columns and `hidden` names those that it does not show.
    """

    id: int
    title: str
    why: str
    unit: str
    kind: Kind
    queries: Sequence[Query]
    most: float | None = None
    marks: Mapping[float, str] = field(default_factory=dict)
    stacked: bool = False
    columns: Mapping[str, str] = field(default_factory=dict)
    hidden: Sequence[str] = ()


@dataclass(frozen=True)
class Row:
    """Panels side by side under a heading, each as wide as the others."""

    title: str
    panels: Sequence[Panel]
    height: int = 8


def series(
    id_: int,
    title: str,
    why: str,
    unit: str,
    *queries: Query,
    most: float | None = None,
    stacked: bool = False,
) -> Panel:
    """Lines over time."""
    return Panel(id_, title, why, unit, Kind.SERIES, queries, most=most, stacked=stacked)


def number(
    id_: int,
    title: str,
    why: str,
    unit: str,
    expr: str,
    *,
    most: float | None = None,
    marks: Mapping[float, str] | None = None,
) -> Panel:
    """One value with its past behind it; `marks` are the colours from a value on."""
    return Panel(id_, title, why, unit, Kind.NUMBER, [Query(expr)], most=most, marks=marks or {})


def heat(id_: int, title: str, why: str, expr: str) -> Panel:
    """How often something took how long: `expr` gives a histogram's buckets by `le`, in seconds."""
    return Panel(id_, title, why, "s", Kind.HEAT, [Query(expr, "{{le}}")])


def table(
    id_: int, title: str, why: str, unit: str, expr: str, *, columns: Mapping[str, str], hidden: Sequence[str] = ()
) -> Panel:
    """What is so now, a line for each series."""
    return Panel(id_, title, why, unit, Kind.TABLE, [Query(expr)], columns=columns, hidden=hidden)
