"""From curves to recommended sizes and lifetimes. Pure.

Recommended are the shortest ttl whose hits and loads come within ENOUGH (of all lookups) of the longest ttl allowed,
and the smallest L1 whose hits come within ENOUGH of the largest L1 allowed: a further step buys less than it costs.
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
"""The most bytes of L1 for one cache in a worker: an answer from Redis, behind L1, takes a millisecond."""

LEAST_SECONDS, LEAST_LOOKUPS = 3600.0, 1000
"""The shortest trace whose advice may be written into an inventory."""

SPARE = 1.25
"""The factor by which bytes are raised: the entries held are larger at times than on average."""


@dataclass(frozen=True, slots=True)
class Advice:
    """The advice for one cache: all steps, and the recommended ones."""

    cache: str
    lookups: int
    lifetimes: list[LifetimeStep]
    ttl: LifetimeStep
    sizes: list[SizeStep]
    size: SizeStep

    @property
    def max_bytes(self) -> int:
        """Bytes that L1 needs for the recommended size, in whole MiB."""
        return max(1, math.ceil(self.size.bytes * SPARE / MIB)) * MIB

    def settings(self) -> dict[str, int]:
        """List the workers' settings, by their names."""
        counted = {f"cache_{self.cache}_max_entries": self.size.entries} if CACHES[self.cache].counted else {}
        return {
            f"cache_{self.cache}_ttl": int(self.ttl.ttl),
            f"cache_{self.cache}_max_bytes": self.max_bytes,
            **counted,
        }


def require_enough(found: Studied) -> None:
    """Raise TraceError if the trace is too short for settings to be written from it."""
    if found.seconds < LEAST_SECONDS or found.lookups < LEAST_LOOKUPS:
        seen = f"{found.lookups:,} lookups in {found.seconds / 60:,.1f} minutes"
        raise TraceError([f"{seen} are too few to write settings from: it takes an hour and {LEAST_LOOKUPS:,}"])


def advice(found: Studied, *, room: int = ROOM, oldest: Mapping[str, float] = OLDEST) -> list[Advice]:
    """Advise on each cache that was asked at all; `room` is the most bytes that one cache's L1 may have in a worker."""
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


def compare(given: Advice, profile: Profile) -> tuple[float, float]:
    """Read off the curves which hit ratios a profile's own numbers would bring: of the fleet, and in L1."""
    limits = profile.cache[given.cache]
    hit = max((step.hit for step in given.lifetimes if step.ttl <= limits.policy.ttl), default=0.0)
    fits = [
        step.hit
        for step in given.sizes
        if step.bytes <= limits.max_bytes and (limits.max_entries is None or step.entries <= limits.max_entries)
    ]
    return hit, max(fits, default=0.0)
