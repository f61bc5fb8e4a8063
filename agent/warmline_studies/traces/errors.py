"""What a trace is refused with."""

from collections.abc import Sequence

from warmline_cache.errors import OperatorError


class TraceError(OperatorError):
    """A trace, or what stands for one, that cannot be used; `lines` says where and why."""

    code = "trace_unusable"

    def __init__(self, lines: Sequence[str]) -> None:
        super().__init__("; ".join(lines))
        self.lines = lines
