"""Whether a trace can be read as a command reads it: twice, and within memory."""

import math
import stat
from pathlib import Path

from warmline_studies.traces.errors import TraceError

LARGEST = 120_000_000
"""Bytes of a trace that is planned as it is: 1.3 GB of memory if every line is another, for `plan` keeps keys (11 bytes
for each byte of such a trace, measured at 20 MB), and little for as many lines that repeat each other."""

UNKNOWN = 1_000_000_000
"""Bytes that whatever has no size, such as a pipe, is taken to bring."""


def size(path: Path | None) -> int:
    """Bytes of a trace; none of one that is invented. Raises OSError."""
    if path is None:
        return 0
    found = path.stat()
    return found.st_size if stat.S_ISREG(found.st_mode) else UNKNOWN


def readable_again(path: Path | None) -> None:
    """Raises TraceError for a file that can be read but once."""
    if path is not None and not stat.S_ISREG(path.stat().st_mode):
        raise TraceError([f"{path} is no regular file: a trace is read more than once here"])


def plannable(path: Path | None, one_in: int) -> None:
    """Raises TraceError for a trace that cannot be read twice, or whose sample may outgrow memory."""
    readable_again(path)
    least = math.ceil(size(path) / LARGEST)
    if one_in < least:
        raise TraceError(
            [f"{path} is larger than {LARGEST // 1_000_000} MB, and may outgrow memory: plan a part, --sample {least}"]
        )
