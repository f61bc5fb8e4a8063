"""The fleet that is planned, and what its caches may hold and for how long."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from warmline.caches import CACHES as TRAITS
from warmline.settings import Profile
from warmline_cache import Policy
from warmline_studies.planner.affinity import Affinity
from warmline_studies.planner.lookups import CACHES

FEWEST = 4
"""Values that the smallest L1 of a scaled-down fleet must have room for: with less, rounding decides on evictions."""


@dataclass(frozen=True, slots=True)
class Bound:
    """What L1 may hold of one cache in one worker."""

    max_bytes: int
    max_entries: int | None = None

    def scale(self, share: float) -> "Bound":
        """Take a part of the bound, with room for one entry at least."""
        entries = None if self.max_entries is None else max(1, round(self.max_entries * share))
        return Bound(max(1, int(self.max_bytes * share)), entries)


UNBOUNDED = Bound(1 << 62)


class Restart(NamedTuple):
    """At second `at` the first so many `workers` begin anew, their L1 empty."""

    at: float
    workers: int


@dataclass(frozen=True)
class Fleet:
    """`workers` behind an edge. Every entry of the trace stands for `weight` entries of as many organisations: L1 is
    scaled down by the weight, and counts are scaled up. Raises ValueError if the numbers make no sense."""

    workers: int
    affinity: Affinity
    shared: bool
    policies: Mapping[str, Policy]
    bounds: Mapping[str, Bound]
    weight: float = 1.0
    sessions: bool = False
    restarts: tuple[Restart, ...] = ()

    def __post_init__(self) -> None:
        if self.workers < 1 or not 1 <= self.weight < math.inf:
            raise ValueError("a fleet has at least one worker, and an entry stands for at least one")
        fewest = [bound.max_entries / self.weight for bound in self.bounds.values() if bound.max_entries]
        if self.weight > 1 and min(fewest, default=FEWEST) < FEWEST:
            most = min(bound.max_entries for bound in self.bounds.values() if bound.max_entries) // FEWEST
            raise ValueError(f"an entry may stand for at most {most} with these sizes of L1, not {self.weight:g}")


def fleet_of(
    profile: Profile,
    *,
    workers: int,
    affinity: Affinity,
    shared: bool,
    weight: float = 1.0,
    sessions: bool = False,
    faster: float = 1.0,
    restarts: tuple[Restart, ...] = (),
) -> Fleet:
    """Make a fleet with the numbers of a profile; lifetimes are `faster` times shorter, for a trace replayed faster."""
    limits = {cache: profile.cache[cache] for cache in CACHES}
    return Fleet(
        workers=workers,
        affinity=affinity,
        shared=shared,
        policies={cache: _policy(one.policy, faster, streamed=TRAITS[cache].streamed) for cache, one in limits.items()},
        bounds={cache: Bound(one.max_bytes, one.max_entries) for cache, one in limits.items()},
        weight=weight,
        sessions=sessions,
        restarts=restarts,
    )


def ideal(fleet: Fleet) -> Fleet:
    """Make the best fleet possible: one worker whose L1 holds everything."""
    return replace(fleet, workers=1, shared=False, bounds=dict.fromkeys(CACHES, UNBOUNDED), restarts=())


def _policy(policy: Policy, faster: float, *, streamed: bool) -> Policy:
    # Whoever waits for a load that is streamed hears it as it comes, before an older value could stand in for it.
    return replace(
        policy,
        ttl=policy.ttl / faster,
        negative_ttl=policy.negative_ttl / faster,
        stale_while_revalidate=policy.stale_while_revalidate / faster,
        stale_if_error=policy.stale_if_error / faster,
        patience=math.inf if streamed else policy.patience,
    )
