"""How numbers are taken: contenders take turns, so that what disturbs the machine disturbs them alike."""

import asyncio
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")

Burst = Callable[[], Awaitable[float]]
"""Works for some ten milliseconds and returns what one operation cost."""


@dataclass(frozen=True, slots=True)
class Spread:
    """A median and between what it lies."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """Of at least one value."""
        return cls(statistics.median(values), min(values), max(values))


async def in_turns(bursts: Mapping[str, Burst], rounds: int) -> dict[str, list[float]]:
    """What each burst measured in each round: A B C, A B C, ... after one round that does not count."""
    measured: dict[str, list[float]] = {name: [] for name in bursts}
    for number in range(rounds + 1):
        for name, burst in bursts.items():
            cost = await burst()
            if number:
                measured[name].append(cost)
    return measured


async def in_turns_until_slow(
    names: Sequence[str], once: Callable[[str], Awaitable[T]], rounds: int, *, slow: Callable[[T], bool], ours: str
) -> dict[str, list[T]]:
    """What `once` found of each name in each round, in turns, after one that does not count. Who is `slow` is measured
    once; who raises TimeoutError has nothing, and costs the others nothing. `ours` may not."""
    found: dict[str, list[T]] = {name: [] for name in names}
    going = [*names]
    for number in range(rounds + 1):
        for name in [*going]:
            try:
                one = await once(name)
            except TimeoutError:
                if name == ours:
                    raise
                found[name] = []
                going.remove(name)
                continue
            if slow(one):
                going.remove(name)
            if number or slow(one):
                found[name].append(one)
    return found


async def as_far_as_it_goes(parts: AsyncIterator[T], *, seconds: float) -> tuple[list[T], bool]:
    """The parts that came within that time, and whether they are all."""
    found: list[T] = []
    try:
        async with asyncio.timeout(seconds):
            async for part in parts:
                found.append(part)  # noqa: PERF401  # one at a time: those that came are kept
    except TimeoutError:
        return found, False
    return found, True


def quotient(mine: Sequence[float], reference: Sequence[float]) -> float:
    """The median over the rounds of mine to the reference's in the same round."""
    return statistics.median(mine_now / reference_now for mine_now, reference_now in zip(mine, reference, strict=True))


def percentile(values: Sequence[float], share: float) -> float:
    """The value that this share of them does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class Stopwatch:
    """Seconds, without those between `stop` and `start`."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._began = 0.0

    def start(self) -> None:
        """Time counts."""
        self._began = time.perf_counter()

    def stop(self) -> None:
        """Time does not count."""
        self.seconds += time.perf_counter() - self._began
