"""The command line: `python -m warmline_studies <command>`, or `warmline trace`, `plan` and `tune` from a clone."""

import argparse
import sys
from collections.abc import Sequence

from warmline_studies import commands as studies


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one study; the exit code: 0 done, 1 failed, 2 what it was given cannot be used."""
    parser = argparse.ArgumentParser(prog="warmline", description="What caches would do, worked out from a trace.")
    commands = parser.add_subparsers(title="commands", required=True, metavar="command")
    studies.add_trace(commands.add_parser("trace", help="invent what callers ask, and say what is in a trace"))
    studies.add_plan(commands.add_parser("plan", help="what a fleet's caches would do on a trace, without the fleet"))
    studies.add_tune(commands.add_parser("tune", help="sizes and lifetimes of caches, from a trace or from metrics"))
    options = parser.parse_args(arguments)
    try:
        code: int = options.run(options)
    except OSError as error:
        print(f"warmline: {error}", file=sys.stderr)
        return 1
    return code


if __name__ == "__main__":
    sys.exit(main())
