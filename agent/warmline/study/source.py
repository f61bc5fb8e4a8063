"""What a study is made from: the trace that the options name, or the invented one, whole or a part of it."""

import argparse
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from warmline.errors import SettingsError, TraceError

if TYPE_CHECKING:
    from warmline.traces import Entry, Problems

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


def entries(options: argparse.Namespace, problems: "Problems") -> "Iterator[Entry]":
    """Those of `--trace`, else of `--shape`."""
    from warmline import traces

    if options.trace is None:
        shape = traces.parsed(options.shape)
        return traces.generate(shape.sampled(options.sample) if options.sample > 1 else shape, options.seed)
    found = traces.read(options.trace, skip=options.skip_broken, problems=problems)
    return traces.sampled(found, options.sample) if options.sample > 1 else found


def left_out(problems: "Problems") -> None:
    """Say which lines were."""
    if problems.count:
        print(f"warmline: lines left out: {problems.count:,}", *problems.report(), sep="\n  ", file=sys.stderr)
