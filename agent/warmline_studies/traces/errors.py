"""The error that refuses a trace."""

from collections.abc import Sequence

from warmline_cache.errors import OperatorError


class TraceError(OperatorError):
    """Raised for a trace, or options that describe one, that cannot be used; `lines` say where and why."""

    code = "trace_unusable"

    def __init__(self, lines: Sequence[str]) -> None:
        super().__init__("; ".join(lines))
        self.lines = lines
