"""What a study is made from: the trace that the options name, or an invented one, whole or a part of it."""

import argparse
import sys
from collections.abc import Iterator

from warmline_studies import traces
from warmline_studies.traces import Entry


class TraceSource:
    """The trace of `--trace`, else of `--shape`.

    After a pass, `part` says what was taken of it and `problems` what was left out; both count anew in the next pass.
    """

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        self.part = traces.Part()
        self.problems = traces.Problems()

    def entries(self) -> Iterator[Entry]:
        """Read the trace from its beginning. Raises TraceError, OSError."""
        self.part, self.problems = traces.Part(), traces.Problems()
        if self._options.trace is None:
            return self._invent()
        found = traces.read(self._options.trace, skip=self._options.skip_broken, problems=self.problems)
        return traces.sample(found, self._options.sample, self.part) if self._options.sample > 1 else found

    def _invent(self) -> Iterator[Entry]:
        whole = traces.parse_shape(self._options.shape)
        shape = whole.sample(self._options.sample)
        self.part = traces.Part(len(whole.tenants), len(shape.tenants), set(shape.tenants))
        return traces.generate(shape, self._options.seed)

    def report_left_out(self) -> None:
        """Print to standard error which lines of the trace were left out, if any."""
        found = self.problems
        if found.count:
            print(f"warmline: lines left out: {found.count:,}", *found.report(), sep="\n  ", file=sys.stderr)
