"""Who changed the fleet, when, and what became of it: lines of JSON that every edge keeps. Pure."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Iterable, Mapping, Sequence

COLUMNS = ("at", "by", "what", "outcome")
Event = Mapping[str, str]


def write(event: Event) -> str:
    """The line of one event: `at` in UTC, `by` whom, `what` was done, and its `outcome`."""
    return json.dumps({column: " ".join(event[column].split()) for column in COLUMNS}, ensure_ascii=False)


def read(copies: Iterable[str], most: int) -> list[Event]:
    """The latest events in the order in which they happened, from the edges' copies, each in base64; an edge that was
    away when something happened lacks it. A line that a crash cut off is left out."""
    lines = {line for copy in copies for line in b64decode(copy).decode(errors="replace").splitlines()}
    events = [event for line in lines if (event := _event(line))]
    return sorted(events, key=lambda event: (event["at"], event["what"]))[-most:]


def show(events: Sequence[Event]) -> list[str]:
    """A table for people."""
    rows = [tuple(column.upper() for column in COLUMNS), *(tuple(event[c] for c in COLUMNS) for event in events)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(COLUMNS))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _event(line: str) -> Event | None:
    try:
        event = json.loads(line)
        return {column: str(event[column]) for column in COLUMNS}
    except (ValueError, KeyError, TypeError):
        return None


class FilterModule:
    """Makes them known to Ansible."""

    def filters(self) -> dict[str, object]:
        """By their names in templates."""
        return {"warmline_history_line": write, "warmline_history": read, "warmline_history_show": show}
