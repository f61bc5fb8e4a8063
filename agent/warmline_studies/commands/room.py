"""Whether a trace can be read as a command reads it: twice, and within memory."""

import math
import stat
from pathlib import Path

from warmline_studies.traces.errors import TraceError

LARGEST = 120_000_000
"""The largest trace in bytes that is planned as a whole. It takes 1.3 GB of memory if no line repeats another, for
`plan` keeps keys (11 bytes for each byte of such a trace, measured at 20 MB), and little if many lines repeat."""

UNKNOWN = 1_000_000_000
"""The bytes that are expected of a file without a size, such as a pipe."""


def size(path: Path | None) -> int:
    """Look up the bytes of a trace; an invented one has none. Raises OSError."""
    if path is None:
        return 0
    found = path.stat()
    return found.st_size if stat.S_ISREG(found.st_mode) else UNKNOWN


def require_regular_file(path: Path | None) -> None:
    """Raise TraceError for a file that can be read only once."""
    if path is not None and not stat.S_ISREG(path.stat().st_mode):
        raise TraceError([f"{path} is no regular file: a trace is read more than once here"])


def require_plannable(path: Path | None, one_in: int) -> None:
    """Raise TraceError for a trace that cannot be read twice, or whose sample may outgrow memory."""
    require_regular_file(path)
    least = math.ceil(size(path) / LARGEST)
    if one_in < least:
        raise TraceError(
            [f"{path} is larger than {LARGEST // 1_000_000} MB, and may outgrow memory: plan a part, --sample {least}"]
        )
