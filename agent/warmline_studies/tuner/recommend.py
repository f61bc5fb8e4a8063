"""Curves → sizes and lifetimes. Pure.

The shortest ttl whose hits, and whose loads, come within ENOUGH of all lookups of what the longest allowed would bring,
and the smallest L1 whose hits come as near to those of the largest that may be: beyond, a step buys less than it costs.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from warmline.caches import CACHES
from warmline.settings import Profile
from warmline_cache.memory.memory import OVERHEAD
from warmline_studies.traces.errors import TraceError
from warmline_studies.tuner.curve import LifetimeStep, SizeStep
from warmline_studies.tuner.study import Studied

ENOUGH = 0.01
MIB = 1024 * 1024

OLDEST: Mapping[str, float] = {name: traits.longest_ttl for name, traits in CACHES.items()}
"""The longest ttl that is recommended, in seconds."""

ROOM = 64 * MIB
"""What L1 may have in a worker for one cache: behind it is Redis, and what that answers takes a millisecond."""

LEAST_SECONDS, LEAST_LOOKUPS = 3600.0, 1000
"""What a trace has at least whose advice may be written into an inventory."""

SPARE = 1.25
"""Of the bytes of a recommended size: what is held is larger at times than on average."""


@dataclass(frozen=True, slots=True)
class Advice:
    """One cache: all steps, and those that are recommended."""

    cache: str
    lookups: int
    lifetimes: list[LifetimeStep]
    ttl: LifetimeStep
    sizes: list[SizeStep]
    size: SizeStep

    @property
    def max_bytes(self) -> int:
        """What L1 needs for the recommended size, in whole MiB."""
        return max(1, math.ceil(self.size.bytes * SPARE / MIB)) * MIB

    def settings(self) -> dict[str, int]:
        """The workers' settings, by their names."""
        counted = {f"cache_{self.cache}_max_entries": self.size.entries} if CACHES[self.cache].counted else {}
        return {
            f"cache_{self.cache}_ttl": int(self.ttl.ttl),
            f"cache_{self.cache}_max_bytes": self.max_bytes,
            **counted,
        }


def writable(found: Studied) -> None:
    """Raises TraceError if too little was seen for settings to be written from it."""
    if found.seconds < LEAST_SECONDS or found.lookups < LEAST_LOOKUPS:
        seen = f"{found.lookups:,} lookups in {found.seconds / 60:,.1f} minutes"
        raise TraceError([f"{seen} are too few to write settings from: it takes an hour and {LEAST_LOOKUPS:,}"])


def advice(found: Studied, *, room: int = ROOM, oldest: Mapping[str, float] = OLDEST) -> list[Advice]:
    """For each cache that was asked at all; `room` is the most bytes that one cache's L1 may have in a worker."""
    return [_advice(cache, found, room, oldest[cache]) for cache, curve in found.curves.items() if curve.lookups]


def _advice(cache: str, found: Studied, room: int, oldest: float) -> Advice:
    curve = found.curves[cache]
    lookups = round(curve.lookups * found.weight)
    lifetimes = curve.lifetimes(found.seconds, found.weight)
    ttl = _shortest([step for step in lifetimes if step.ttl <= oldest] or lifetimes[:1], lookups)
    sizes = curve.sizes(ttl.ttl, OVERHEAD, found.weight)
    allowed = [step for step in sizes if step.bytes * SPARE <= room] or sizes[:1]
    size = next(step for step in allowed if step.hit >= allowed[-1].hit - ENOUGH)
    return Advice(cache, lookups, lifetimes, ttl, sizes, size)


def _shortest(allowed: Sequence[LifetimeStep], lookups: int) -> LifetimeStep:
    longest = allowed[-1]
    return next(
        step for step in allowed if step.hit >= longest.hit - ENOUGH and step.loads <= longest.loads + ENOUGH * lookups
    )


def compared(given: Advice, profile: Profile) -> tuple[float, float]:
    """The hit ratios that a profile's own numbers would bring, read off the curves: of the fleet, and in L1."""
    limits = profile.cache[given.cache]
    hit = max((step.hit for step in given.lifetimes if step.ttl <= limits.policy.ttl), default=0.0)
    fits = [
        step.hit
        for step in given.sizes
        if step.bytes <= limits.max_bytes and (limits.max_entries is None or step.entries <= limits.max_entries)
    ]
    return hit, max(fits, default=0.0)
