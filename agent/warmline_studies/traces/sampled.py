"""Samples: a trace cut down to some of its organisations."""

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from warmline_studies.traces.entry import Entry
from warmline_studies.traces.errors import TraceError


@dataclass(slots=True)
class Part:
    """The part that was taken of a trace: `kept` of all that were `seen`. Both count entries, but organisations if the
    trace is invented. `organisations` are those whose entries were kept."""

    seen: int = 0
    kept: int = 0
    organisations: set[str] = field(default_factory=set)

    @property
    def weight(self) -> float:
        """For how many each that was kept stands."""
        return self.seen / self.kept if self.kept else 1.0


def sample(entries: Iterable[Entry], one_in: int, part: Part) -> Iterator[Entry]:
    """Keep the entries of about one in so many organisations, chosen by their names; `part` is counted on the way.

    An entry of a cache never answers another organisation, so what happens to an organisation does not hang on the
    others. How many entries the kept organisations have is chance: multiply sums over them by the part's weight, not by
    `one_in`. Raises TraceError if no entry is left.
    """
    for entry in entries:
        part.seen += 1
        if zlib.crc32(entry.organisation.encode()) % one_in == 0:
            part.kept += 1
            part.organisations.add(entry.organisation)
            yield entry
    if not part.kept:
        raise TraceError([f"one in {one_in} organisations is none of this trace's: take a larger sample"])
