"""Scales: from a value to its place between the two ends of a chart. Pure."""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple


class Scale(NamedTuple):
    """`place` gives a value's distance from the low end, as a part of the whole; lines are drawn at `ticks`."""

    place: Callable[[float], float]
    ticks: Sequence[float] = ()


def linear(most: float) -> Scale:
    """Make a scale from 0 to `most`, without ticks."""
    return Scale(lambda value: max(0.0, value) / (most or 1.0))


def logarithmic(low: float, high: float, ticks: Sequence[float]) -> Scale:
    """Make a scale from `low`, above 0, to `high`; a value below `low` is placed there."""
    whole = math.log(high / low) or 1.0
    return Scale(lambda value: math.log(max(low, value) / low) / whole, ticks)


def decades(smallest: float, largest: float) -> Scale:
    """Make a logarithmic scale from a power of ten, at most `smallest`, to `largest`, with a tick at each power."""
    first, last = (math.floor(math.log10(value)) for value in (smallest, largest))
    return logarithmic(10.0**first, largest, [10.0**power for power in range(first, last + 1)])
