"""`warmline check`: read settings and files as the worker would, and say what is wrong with them."""

import sys
from collections.abc import Callable, Sequence

from warmline.commands import ends
from warmline.commands.table import as_json as written
from warmline.errors import SettingsError
from warmline.settings import page


def run(refusals: Callable[[], Sequence[str]], *, as_json: bool) -> int:
    """Print whether everything is good; 0 if it is, 1 if Redis is not, 2 for a bad setting or file.

    `refusals` reads what the worker would, and returns what Redis refuses. Raises SettingsError as it does, unless
    `as_json`, which prints `good` and `problems` whatever is found.
    """
    try:
        refused = refusals()
    except SettingsError as error:
        if not as_json:
            raise
        return _report(error.problems, ends.MISUSED)
    if as_json:
        return _report(refused, ends.FAILED if refused else ends.DONE)
    if refused:
        print("warmline: Redis is not as it should be:", *(f"  {one}" for one in refused), sep="\n", file=sys.stderr)
        return ends.FAILED
    print("warmline: settings and files are good")
    return ends.DONE


def _report(problems: Sequence[str], code: int) -> int:
    print(written({"good": not problems, "problems": list(problems)}))
    return code


def show_settings(*, as_json: bool) -> int:
    """Print every setting with its unit, default and meaning; a page, or one JSON array."""
    if as_json:
        print(written([*page.list_settings()]))
    else:
        print(*page.write_lines(), sep="\n")
    return ends.DONE
