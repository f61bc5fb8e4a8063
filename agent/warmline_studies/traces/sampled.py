"""A trace cut down to some of its organisations."""

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from warmline_studies.traces.entry import Entry
from warmline_studies.traces.errors import TraceError


@dataclass(slots=True)
class Part:
    """What was taken of a trace: `kept` of so many that were `seen`. They are entries, but organisations where a trace
    is invented. `organisations` are those that entries were kept of."""

    seen: int = 0
    kept: int = 0
    organisations: set[str] = field(default_factory=set)

    @property
    def weight(self) -> float:
        """For how many each of them stands."""
        return self.seen / self.kept if self.kept else 1.0


def sampled(entries: Iterable[Entry], one_in: int, part: Part) -> Iterator[Entry]:
    """The entries of about one in so many organisations, always the same ones; `part` is counted on the way.

    No entry of a cache ever answers another organisation, so what happens to those that are left does not hang on the
    others. How many entries are theirs is chance: what is summed over them is to be multiplied by the part's weight,
    not by `one_in`. Raises TraceError if none is left.
    """
    for entry in entries:
        part.seen += 1
        if zlib.crc32(entry.organisation.encode()) % one_in == 0:
            part.kept += 1
            part.organisations.add(entry.organisation)
            yield entry
    if not part.kept:
        raise TraceError([f"one in {one_in} organisations is none of this trace's: take a larger sample"])
