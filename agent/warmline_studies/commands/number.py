"""Numbers as options: each function reads one, and says what is wrong with a word that is none."""

import argparse
import math
from collections.abc import Callable

MOST = 1_000_000
"""Workers that a fleet may have: beyond, no figure of the planner means anything."""


def whole(least: int, most: int | None = None) -> Callable[[str], int]:
    """A whole number between two, both included."""

    def read(word: str) -> int:
        try:
            number = int(word)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{word} is no whole number") from None
        if number < least or (most is not None and number > most):
            wanted = f"at least {least:,}" if most is None else f"between {least:,} and {most:,}"
            raise argparse.ArgumentTypeError(f"must be {wanted}, not {number:,}")
        return number

    return read


def real(*, least: float = -math.inf, above: float = -math.inf, most: float = math.inf) -> Callable[[str], float]:
    """A finite number that is at least and at most so large, and larger than `above`."""

    def read(word: str) -> float:
        try:
            number = float(word)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{word} is no number") from None
        if not (math.isfinite(number) and number > above and least <= number <= most):
            bounds = {"above": above, "at least": least, "at most": most}
            wanted = " and ".join(f"{name} {bound:g}" for name, bound in bounds.items() if math.isfinite(bound))
            raise argparse.ArgumentTypeError(f"must be a number {wanted}, not {word}")
        return number

    return read


def workers(word: str) -> list[int]:
    """One size of a fleet, or those of a range: `10..2000` are 10, 100, 1,000 and 2,000."""
    begin, dots, end = word.partition("..")
    one = whole(1, MOST)
    first = one(begin)
    if not dots:
        return [first]
    last = one(end)
    if last < first:
        raise argparse.ArgumentTypeError(f"{word}: a range ends no lower than it begins")
    steps = [first * 10**power for power in range(len(str(MOST)))]
    return [*(step for step in steps if step < last), last]
