"""The command line: `python -m warmline_simulators <provider>`, or `warmline simulate <provider>` from a clone."""

import argparse
import sys
from collections.abc import Sequence

from warmline_simulators import arguments as simulators


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve one provider until told to stop; the exit code: 0 done, 1 failed, 2 wrong usage."""
    parser = argparse.ArgumentParser(
        prog="warmline simulate", description="Serve a provider's wire protocol without an account."
    )
    simulators.add(parser)
    options = parser.parse_args(arguments)
    try:
        code: int = options.run(options)
    except OSError as error:
        print(f"warmline: {error}", file=sys.stderr)
        return 1
    return code


if __name__ == "__main__":
    sys.exit(main())
