"""How a command ends: with an exit code that scripts can rely on, and words for whatever went wrong.

0: done. 1: failed. 2: called wrongly, or given what cannot be used. 130: interrupted from the keyboard, which is what
shells say of it.
"""

import os
import re
import select
import sys
from collections.abc import Callable
from pathlib import Path

from warmline_cache.errors import OperatorError

DONE, FAILED, MISUSED, INTERRUPTED = 0, 1, 2, 130

_NUMBER = re.compile(r"^\[Errno -?\d+\] ")


def run(command: Callable[[], int], *, refusal: str = "this cannot be used") -> int:
    """Run a command and return its exit code; an error becomes words on standard error, never a traceback.

    `refusal` heads the problems of an OperatorError. A reader of the output who has seen enough (`| head`) is no error.
    What is no operator's fault, such as a KeyError, is a fault of ours and keeps its traceback.
    """
    if sys.stdout is None:  # closed by the caller, `>&-`
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115  # open until the process ends
    try:
        try:
            return command()
        finally:
            sys.stdout.flush()  # or a full disk would be found after the exit code was chosen
    except OperatorError as error:
        _say(f"{refusal}:", *(f"  {line}" for line in list_problems(error)))
        return MISUSED
    except KeyboardInterrupt:
        _say("interrupted")
        return INTERRUPTED
    except OSError as error:
        gone = isinstance(error, BrokenPipeError) and _reader_has_gone()
        _mute()
        if not gone:
            _say(describe(error))
        return DONE if gone else FAILED


def describe(error: Exception) -> str:
    """Say an error in words, also one whose own text is empty, such as a time-out's."""
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        return f"{error.filename}: {error.strerror}"
    text = _NUMBER.sub("", str(error))
    if text:
        return text
    return "no answer came in time" if isinstance(error, TimeoutError) else type(error).__name__


def list_problems(error: OperatorError) -> list[str]:
    """List what an error says is wrong, a line each."""
    return list(getattr(error, "problems", None) or getattr(error, "lines", None) or [describe(error)])


def _say(*lines: str) -> None:
    print(f"warmline: {lines[0]}", *lines[1:], sep="\n", file=sys.stderr)


def _reader_has_gone() -> bool:
    """Whether it is standard output that broke, and no connection of the command."""
    poll = select.poll()
    poll.register(1, 0)
    return any(events & (select.POLLERR | select.POLLHUP) for _, events in poll.poll(0))


def _mute() -> None:
    """Drop what standard output could not take, which Python would try to write again at its end."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
