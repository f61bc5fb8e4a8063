"""A trace cut down to some of its organisations."""

import zlib
from collections.abc import Iterable, Iterator

from warmline.errors import TraceError
from warmline.traces.entry import Entry


def sampled(entries: Iterable[Entry], one_in: int) -> Iterator[Entry]:
    """The entries of about one in so many organisations, always the same ones.

    No entry of a cache ever answers another organisation, so what happens to those that are left does not hang on the
    others. Raises TraceError if none is left.
    """
    found = False
    for entry in entries:
        if zlib.crc32(entry.organisation.encode()) % one_in == 0:
            found = True
            yield entry
    if not found:
        raise TraceError([f"one in {one_in} organisations is none of this trace's: take a larger sample"])
