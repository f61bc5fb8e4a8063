"""The words that boards are written in: a panel has a title to scan, and asks a question.

Its description begins with the question, and says what to do about a bad answer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum


class Kind(Enum):
    """How a panel shows its answer, by Grafana's name."""

    SERIES = "timeseries"
    NUMBER = "stat"
    TABLE = "table"
    HEAT = "heatmap"
    TEXT = "text"


@dataclass(frozen=True)
class Query:
    """What Prometheus is asked; `legend` names a series by its labels, `exemplars` asks for those too."""

    expr: str
    legend: str = ""
    exemplars: bool = False


@dataclass(frozen=True)
class Panel:
    """One question. `id` is for ever: alerts link to it. `why` asks it, says what the answer means and what to do.

    `text` is what a panel says that asks nothing.

    `most` ends the axis, `marks` colours from a value on, `stacked` adds the series up, `columns` renames a table's
    columns and `hidden` names those that it does not show. `links` are the columns that hold a path on
    Grafana, each with the word that is shown in its place.
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
    links: Mapping[str, str] = field(default_factory=dict)
    text: str = ""


@dataclass(frozen=True)
class Row:
    """Panels side by side under a heading, each as wide as the others; without a title they belong to the row above."""

    title: str
    panels: Sequence[Panel]
    height: int = 10


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
    *beside: Query,
    most: float | None = None,
    marks: Mapping[float, str] | None = None,
    legend: str = "",
) -> Panel:
    """One value with its past behind it, and what stands `beside` it; `marks` are the colours from a value on."""
    return Panel(id_, title, why, unit, Kind.NUMBER, [Query(expr, legend), *beside], most=most, marks=marks or {})


def expected(value: float, name: str = "expected") -> Query:
    """What a measurement is shown beside."""
    return Query(f"vector({value:g})", name)


def heat(id_: int, title: str, why: str, expr: str) -> Panel:
    """How often something took how long: `expr` gives a histogram's buckets by `le`, in seconds."""
    return Panel(id_, title, why, "s", Kind.HEAT, [Query(expr, "{{le}}")])


def table(
    id_: int,
    title: str,
    why: str,
    unit: str,
    expr: str,
    *,
    columns: Mapping[str, str],
    hidden: Sequence[str] = (),
    links: Mapping[str, str] | None = None,
) -> Panel:
    """What is so now, a line for each series."""
    return Panel(id_, title, why, unit, Kind.TABLE, [Query(expr)], columns=columns, hidden=hidden, links=links or {})


def text(id_: int, title: str, content: str) -> Panel:
    """Markdown to read."""
    return Panel(id_, title, "", "", Kind.TEXT, (), text=content)
