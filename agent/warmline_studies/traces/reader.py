"""From lines to entries, one at a time: a trace may be longer than memory.

By default a trace with anything wrong in it is refused, for a figure from half a trace is a wrong figure. With `skip`
wrong lines are left out and counted.
"""

from collections.abc import Iterable, Iterator
from itertools import count
from pathlib import Path
from typing import BinaryIO

import msgspec

from warmline_studies.traces.entry import Entry
from warmline_studies.traces.errors import TraceError

SHOWN = 10
"""Problems that a report names; the rest are counted, or not looked for."""

LONGEST_LINE = 64 * 1024

Lines = Iterable[str | bytes]


class Problems:
    """Wrong lines of a trace: all are counted, the first SHOWN are kept. `entries` counts the good lines."""

    def __init__(self) -> None:
        self.count = 0
        self.entries = 0
        self.shown: list[str] = []

    def add(self, number: int, what: str) -> None:
        """Add a wrong line; `number` is counted from 1."""
        self.count += 1
        if len(self.shown) < SHOWN:
            self.shown.append(f"line {number}: {what}")

    def report(self) -> list[str]:
        """List the first few problems, and how many more there were."""
        more = self.count - len(self.shown)
        return [*self.shown, *([f"and {more:,} more"] if more else [])]


def read(source: Path | str | Lines, *, skip: bool = False, problems: Problems | None = None) -> Iterator[Entry]:
    """Read the entries of a file, named by its path, or of lines, in order; empty lines do not count.

    Raises OSError for a file that cannot be opened, and TraceError where there is no entry at all, or, unless `skip`,
    at the first wrong line; the error names up to SHOWN lines. `problems` is filled on the way.
    """
    seen = Problems() if problems is None else problems
    if isinstance(source, Path | str):
        with Path(source).open("rb") as file:
            yield from _entries(_read_lines(file), skip=skip, seen=seen)
    else:
        yield from _entries(source, skip=skip, seen=seen)
    if not seen.entries:
        raise TraceError(["there are no entries", *seen.report()])


def _entries(lines: Lines, *, skip: bool, seen: Problems) -> Iterator[Entry]:
    decoder = msgspec.json.Decoder(Entry)
    last = 0.0
    for number, line in enumerate(lines, start=1):
        if line.isspace() or not line:
            continue
        entry = _entry(decoder, line, last)
        if isinstance(entry, str):
            seen.add(number, entry)
            if not skip and seen.count == SHOWN:
                break
        elif skip or not seen.count:
            last = entry.at
            seen.entries += 1
            yield entry
        else:
            last = entry.at
    if seen.count and not skip:
        looked = [] if seen.count < SHOWN else ["nothing beyond that was looked at"]
        raise TraceError([*seen.report(), *looked])


def _entry(decoder: msgspec.json.Decoder[Entry], line: str | bytes, last: float) -> Entry | str:
    """Read the entry of a line that comes after second `last`, or say what is wrong with the line."""
    if len(line) > LONGEST_LINE:
        return f"longer than {LONGEST_LINE:,} bytes"
    try:
        entry = decoder.decode(line)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        return f"{error}"
    if entry.at < last:
        return f"at {entry.at:g} comes after {last:g}: a trace is sorted by `at`"
    return entry.problem() or entry


def _read_lines(file: BinaryIO) -> Iterator[bytes]:
    """Read the lines of a file; of a line that is too long only as much as shows that, and the rest is passed over."""
    for _ in count():
        line = file.readline(LONGEST_LINE + 1)
        if not line:
            return
        rest = line
        while len(rest) > LONGEST_LINE and not rest.endswith(b"\n"):
            rest = file.readline(LONGEST_LINE + 1)
        yield line
