"""The command line: `python -m warmline_studies <command>`, or `warmline trace`, `plan` and `tune` from a clone."""

import sys
from collections.abc import Sequence

from warmline.errors import SettingsError
from warmline_studies.commands.arguments import build_parser
from warmline_studies.traces import TraceError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one study; the exit code: 0 done, 1 failed, 2 what it was given cannot be used."""
    options = build_parser().parse_args(arguments)
    try:
        code: int = options.run(options)
    except BrokenPipeError:  # the reader of the output has seen enough
        sys.stdout = None
        return 0
    except OSError as error:
        print(f"warmline: {error}", file=sys.stderr)
        return 1
    except (TraceError, SettingsError, ValueError) as error:
        lines = getattr(error, "lines", None) or getattr(error, "problems", None) or [str(error)]
        print("warmline: this cannot be used:", *lines, sep="\n  ", file=sys.stderr)
        return 2
    return code


if __name__ == "__main__":
    sys.exit(main())
