"""From a trace to the curves of the caches of a fleet."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from warmline.caches import CACHES as TRAITS
from warmline.settings import Profile
from warmline_studies.planner import CACHES, Affinity, Script
from warmline_studies.planner.affinity import Balancer
from warmline_studies.planner.lookups import read_invalidation
from warmline_studies.traces import Entry, Kind
from warmline_studies.tuner.curve import Curve
from warmline_studies.tuner.sample import Sample


class Studied(NamedTuple):
    """Curves by cache, of a trace that lasts so many seconds, each of whose entries stands for `weight` entries of as
    many organisations."""

    curves: Mapping[str, Curve]
    seconds: float
    weight: float = 1.0

    @property
    def lookups(self) -> int:
        """Lookups that were looked at, of all caches."""
        return sum(curve.lookups for curve in self.curves.values())


@dataclass(frozen=True, slots=True)
class Setting:
    """The fleet that is studied: `workers` behind an edge with an affinity; `rate` is the part of keys looked at."""

    workers: int = 10
    affinity: Affinity = Affinity.IP_HASH
    rate: float = 1.0


FITS = 40_000_000
"""The largest trace in bytes whose keys are all looked at unless told otherwise: it takes less than a gigabyte of
memory even if no two lines are alike (measured: 770 MB)."""


def choose_rate(size: float) -> float:
    """Choose the part of keys to look at in a trace of so many bytes."""
    return min(1.0, FITS / size) if size else 1.0


def study(entries: Iterable[Entry], script: Script, profile: Profile, setting: Setting) -> Studied:
    """Make the curves of all caches; `profile` says for how long values may be stale. Raises ValueError, TraceError."""
    sample, everything = Sample(setting.rate), Sample(1.0)
    curves = {}
    for cache in CACHES:
        of_few_keys = not TRAITS[cache].counted  # one for each agent: too few for a sample to be like them
        curves[cache] = Curve(
            everything if of_few_keys else sample, stale=profile.cache[cache].policy.stale_while_revalidate
        )
    balancer = Balancer(setting.affinity, setting.workers)
    first, last = None, 0.0
    for entry in entries:
        first, last = entry.at if first is None else first, entry.at
        if entry.kind is Kind.INVALIDATE:
            group, caches = read_invalidation(entry)
            for cache in caches:
                curves[cache].forget(group)
        for request in script.requests(entry):
            worker = balancer.choose(entry.caller, f"{entry.organisation}-{entry.agent}-{entry.caller}")
            for stage in request:
                for one in stage:
                    curves[one.cache].access(entry.at, worker, one)
    return Studied(curves, max(1.0, last - (first or 0.0)))
