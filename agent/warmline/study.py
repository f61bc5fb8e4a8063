"""The command line of what is worked out from traces: `warmline trace`.

Every command of the program passes through here, so what a study is made of is imported when one is run.
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from warmline.errors import OperatorError

if TYPE_CHECKING:
    from warmline.traces import Entry, Problems


def add_trace(parser: argparse.ArgumentParser) -> None:
    """The subcommands of `trace`."""
    commands = parser.add_subparsers(title="commands", required=True, metavar="command")
    make = commands.add_parser("generate", help="write a trace that was never recorded, one JSON object a line")
    _shape(make)
    make.add_argument("--utterances", type=Path, metavar="FILE", help="take questions from lines of {text, intent}")
    make.set_defaults(run=_told(_generate))
    knowledge = commands.add_parser("knowledge", help="write the questions of a generated trace and their answers")
    _shape(knowledge)
    knowledge.set_defaults(run=_told(_knowledge))
    show = commands.add_parser("describe", help="what is in a trace")
    _trace(show)
    _shape(show)
    show.set_defaults(run=_told(_describe))


def _trace(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--trace", type=Path, metavar="FILE", help="one JSON object a line; else --shape is invented")
    parser.add_argument("--skip-broken", action="store_true", help="leave out lines that are wrong, and count them")


def _shape(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--shape", nargs="*", default=[], metavar="NAME=NUMBER", help="what to invent, such as conversations=5000"
    )
    parser.add_argument("--seed", type=int, default=1, help="the same seed invents the same")


def _told(run: Callable[[argparse.Namespace], int]) -> Callable[[argparse.Namespace], int]:
    """The command, which says in a few lines why what it was given cannot be used."""

    def told(options: argparse.Namespace) -> int:
        try:
            return run(options)
        except OperatorError as error:
            lines: list[str] = getattr(error, "lines", [str(error)])
            print("warmline: this cannot be used:", *lines, sep="\n  ", file=sys.stderr)
            return 2
        except BrokenPipeError:  # whoever read this has seen enough
            sys.stdout = None
            return 0

    return told


def _entries(options: argparse.Namespace, problems: "Problems") -> "Iterator[Entry]":
    from warmline import traces

    if options.trace is not None:
        return traces.read(options.trace, skip=options.skip_broken, problems=problems)
    return traces.generate(traces.parsed(options.shape), options.seed)


def _left_out(problems: "Problems") -> None:
    if problems.count:
        print(f"warmline: lines left out: {problems.count:,}", *problems.report(), sep="\n  ", file=sys.stderr)


def _generate(options: argparse.Namespace) -> int:
    from warmline import traces

    shape = traces.parsed(options.shape)
    catalogue = traces.Uttered(options.utterances, exponent=shape.zipf) if options.utterances else None
    for entry in traces.generate(shape, options.seed, catalogue):
        sys.stdout.buffer.write(traces.line(entry))
    return 0


def _knowledge(options: argparse.Namespace) -> int:
    import json

    from warmline import traces

    for question, answer in traces.Invented(traces.parsed(options.shape).questions).everything():
        print(json.dumps({"question": question, "answer": answer}))
    return 0


def _describe(options: argparse.Namespace) -> int:
    from warmline import traces

    problems = traces.Problems()
    found = traces.describe(_entries(options, problems))
    print(*found.lines(), sep="\n")
    _left_out(problems)
    return 0
