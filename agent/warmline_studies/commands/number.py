"""Numbers as options: each function reads a number from a word, or says what is wrong with the word."""

import argparse
import math
from collections.abc import Callable

MOST = 1_000_000
"""The most workers that a fleet may have: beyond it no figure of the planner means anything."""


def whole(least: int, most: int | None = None) -> Callable[[str], int]:
    """Make a reader of whole numbers from `least` to `most`, both included."""

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
    """Make a reader of finite numbers from `least` to `most`, both included, that are larger than `above`."""

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
    """Read a size of a fleet, or the sizes of a range: `10..2000` are 10, 100, 1,000 and 2,000."""
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
