"""What a study is made from: the trace that the options name, or the invented one, whole or a part of it."""

import argparse
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from warmline.errors import SettingsError
from warmline_studies.traces.errors import TraceError

if TYPE_CHECKING:
    from warmline_studies.traces import Entry

Command = Callable[[argparse.Namespace], int]


def told(run: Command) -> Command:
    """The command, which says in a few lines why what it was given cannot be used."""

    def said(options: argparse.Namespace) -> int:
        try:
            return run(options)
        except (TraceError, SettingsError, ValueError) as error:
            lines = getattr(error, "lines", None) or getattr(error, "problems", None) or [str(error)]
            print("warmline: this cannot be used:", *lines, sep="\n  ", file=sys.stderr)
            return 2
        except BrokenPipeError:  # whoever read this has seen enough
            sys.stdout = None
            return 0

    return said


class Source:
    """The trace of `--trace`, else of `--shape`. After a pass, `part` is what was taken of it, `problems` what was left
    out; both count anew in the next one."""

    def __init__(self, options: argparse.Namespace) -> None:
        from warmline_studies import traces

        self._options = options
        self.part = traces.Part()
        self.problems = traces.Problems()

    def entries(self) -> "Iterator[Entry]":
        """From the beginning. Raises TraceError, OSError."""
        from warmline_studies import traces

        self.part, self.problems = traces.Part(), traces.Problems()
        if self._options.trace is None:
            return self._invented()
        found = traces.read(self._options.trace, skip=self._options.skip_broken, problems=self.problems)
        return traces.sampled(found, self._options.sample, self.part) if self._options.sample > 1 else found

    def _invented(self) -> "Iterator[Entry]":
        from warmline_studies import traces

        whole = traces.parsed(self._options.shape)
        shape = whole.sampled(self._options.sample)
        self.part = traces.Part(len(whole.tenants), len(shape.tenants), set(shape.tenants))
        return traces.generate(shape, self._options.seed)

    def left_out(self) -> None:
        """Say which lines were."""
        found = self.problems
        if found.count:
            print(f"warmline: lines left out: {found.count:,}", *found.report(), sep="\n  ", file=sys.stderr)
