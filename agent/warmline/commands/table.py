"""The way in which commands draw a table, and how they write a result for programs. Pure."""

import json
from collections.abc import Collection, Sequence


def draw(rows: Sequence[Sequence[str]], *, right: Collection[int] = (), indent: str = "") -> list[str]:
    """Write each row as a line: cells stand under each other, two spaces apart; those of columns `right` end alike.

    Every row has as many cells as the first. No line ends in spaces, and no escape code is in any.
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [indent + "  ".join(_pad(row, widths, right)).rstrip() for row in rows]


def _pad(row: Sequence[str], widths: Sequence[int], right: Collection[int]) -> list[str]:
    return [
        cell.rjust(width) if column in right else cell.ljust(width)
        for column, (cell, width) in enumerate(zip(row, widths, strict=True))
    ]


def as_json(found: object) -> str:
    """Write a result on one line, as every `--json` does."""
    return json.dumps(found, ensure_ascii=False)
