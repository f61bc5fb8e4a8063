"""Waiting for a condition with a deadline: the only place in the tests that sleeps."""

import time
from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


def until(condition: Callable[[], T], *, seconds: float, what: str) -> T:
    """The first true result of `condition`; fails, naming `what`, if there is none within `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds} s in vain for {what}")
        time.sleep(0.02)


def until_nothing(findings: Callable[[], Sequence[object]], *, seconds: float) -> None:
    """Until nothing is found any more; fails with what was found last if that takes more than `seconds`."""
    found: Sequence[object] = ()

    def nothing() -> bool:
        nonlocal found
        found = findings()
        return not found

    try:
        until(nothing, seconds=seconds, what="an end of findings")
    except AssertionError as error:
        raise AssertionError("\n".join(map(str, found))) from error
