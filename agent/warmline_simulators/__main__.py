"""The command line: `python -m warmline_simulators <provider>`, or `warmline simulate <provider>` from a clone."""

import argparse
import os
import sys
from collections.abc import Sequence

from warmline_simulators import arguments as simulators


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve one provider until told to stop; the exit code: 0 done, 1 failed, 2 wrong usage, 130 interrupted."""
    parser = argparse.ArgumentParser(
        prog="warmline simulate", description="Serve a provider's wire protocol without an account."
    )
    simulators.add(parser)
    try:
        try:
            options = parser.parse_args(arguments)
            code: int = options.run(options)
        finally:
            if sys.stdout is not None:
                sys.stdout.flush()
    except BrokenPipeError:  # the reader of the help has seen enough; nothing else is written there
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 0
    except OSError as error:
        print(f"warmline: {_describe(error)}", file=sys.stderr)
        return 1
    except ValueError as error:  # a file that a simulator was given holds something else
        print(f"warmline: this cannot be used:\n  {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("warmline: interrupted", file=sys.stderr)
        return 130
    return code


def _describe(error: OSError) -> str:
    return f"{error.filename}: {error.strerror}" if error.filename is not None and error.strerror else str(error)


if __name__ == "__main__":
    sys.exit(main())
