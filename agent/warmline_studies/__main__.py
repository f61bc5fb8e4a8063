"""The command line: `python -m warmline_studies <command>`, or `warmline trace`, `plan` and `tune` from a clone."""

import sys
from collections.abc import Sequence

from warmline.commands import ends
from warmline_studies.commands.arguments import build_parser
from warmline_studies.traces import TraceError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one study; the exit code: 0 done, 1 failed, 2 what it was given cannot be used, 130 interrupted."""
    return ends.run(lambda: _run(arguments))


def _run(arguments: Sequence[str] | None) -> int:
    options = build_parser().parse_args(arguments)
    try:
        code: int = options.run(options)
    except ValueError as error:  # what a study was given is wrong; the parts that read it say how
        raise TraceError([ends.describe(error)]) from error
    return code


if __name__ == "__main__":
    sys.exit(main())
