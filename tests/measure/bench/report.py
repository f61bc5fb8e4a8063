"""What was measured, as text and as JSON."""

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from tests.measure.bench.measure import Spread

Cell = Spread | float | str | None
WIDTH = 120
TOO_SLOW = "too slow"
"""The cell of a peer that did not answer within its limit."""


@dataclass(frozen=True, slots=True)
class Table:
    """`columns` by title with the format of their numbers; a cell is None where a library has no such thing."""

    name: str
    title: str
    columns: Mapping[str, str]
    rows: Mapping[str, Sequence[Cell]]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Bar:
    """A number to reach: `what`, how it was `wanted`, what was `got`, and `why` not, if it was missed."""

    what: str
    wanted: str
    got: str
    reached: bool
    why: str = ""


@dataclass(slots=True)
class Part:
    """One part of the benchmark."""

    tables: list[Table] = field(default_factory=list)
    bars: list[Bar] = field(default_factory=list)


def text(environment: Mapping[str, str], parts: Iterable[Part]) -> str:
    """Everything, for people."""
    parts = list(parts)
    blocks = [_environment(environment)]
    blocks += [_table(table) for part in parts for table in part.tables]
    bars = [bar for part in parts for bar in part.bars]
    blocks += [_bars(bars)] if bars else []
    return "\n\n".join(blocks) + "\n"


def data(environment: Mapping[str, str], parts: Iterable[Part]) -> dict[str, Any]:
    """Everything, for programs."""
    parts = list(parts)
    return {
        "environment": dict(environment),
        "tables": {table.name: _table_data(table) for part in parts for table in part.tables},
        "bars": [asdict(bar) for part in parts for bar in part.bars],
    }


def _table_data(table: Table) -> dict[str, Any]:
    def plain(cell: Cell) -> Any:
        return asdict(cell) if isinstance(cell, Spread) else cell

    rows = {
        name: {column: plain(cell) for column, cell in zip(table.columns, cells, strict=True)}
        for name, cells in table.rows.items()
    }
    return {"title": table.title, "note": table.note, "rows": rows}


def _environment(environment: Mapping[str, str]) -> str:
    width = max(map(len, environment))
    return "\n".join(
        textwrap.fill(said, WIDTH, initial_indent=f"{name:<{width}}  ", subsequent_indent=" " * (width + 2))
        for name, said in environment.items()
    )


def _table(table: Table) -> str:
    cells = [["", *table.columns]]
    for name, row in table.rows.items():
        cells.append([name, *(shown(cell, form) for cell, form in zip(row, table.columns.values(), strict=True))])
    return "\n".join((table.title, *_aligned(cells), *(textwrap.wrap(table.note, WIDTH))))


def _bars(bars: Sequence[Bar]) -> str:
    cells = [["", "to reach", "measured", ""]]
    cells += [[bar.what, bar.wanted, bar.got, "reached" if bar.reached else "MISSED"] for bar in bars]
    lines = ["Numbers to reach", *_aligned(cells)]
    for bar in bars:
        if not bar.reached:
            lines += textwrap.wrap(f"MISSED: {bar.what}. {bar.why}", WIDTH, subsequent_indent="  ")
    return "\n".join(lines)


def _aligned(cells: Sequence[Sequence[str]]) -> list[str]:
    """Names to the left, numbers to the right."""
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return [
        "  "
        + "  ".join(
            cell.rjust(width) if place else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in cells
    ]


def shown(cell: Cell, form: str) -> str:
    """A cell as it is read; `form` is its column's format."""
    if cell is None:
        return "-"
    if isinstance(cell, Spread):
        return f"{cell.median:{form}} ({cell.low:{form}}-{cell.high:{form}})"
    return cell if isinstance(cell, str) else f"{cell:{form}}"
