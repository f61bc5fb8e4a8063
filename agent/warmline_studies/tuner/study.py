"""A trace → the curves of the four caches, as a fleet of so many workers would have them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from warmline.settings import Profile
from warmline_studies.planner import CACHES, Affinity, Script
from warmline_studies.planner.affinity import Balancer
from warmline_studies.planner.lookups import forgotten
from warmline_studies.traces import Entry, Kind
from warmline_studies.tuner.curve import Curve
from warmline_studies.tuner.sample import Sample

SAMPLED = ("tts", "rag")
"""The others have a key for each agent: too few for a sample to be like them."""


class Studied(NamedTuple):
    """Curves by cache, of a trace that lasts so many seconds, and each of whose entries stands for `weight` such of as
    many organisations."""

    curves: Mapping[str, Curve]
    seconds: float
    weight: float = 1.0

    @property
    def lookups(self) -> int:
        """That were looked at, of all caches."""
        return sum(curve.lookups for curve in self.curves.values())


@dataclass(frozen=True, slots=True)
class Setting:
    """Whose L1 is looked at: `workers` behind an edge with an affinity. `rate` of all keys are sampled."""

    workers: int = 10
    affinity: Affinity = Affinity.IP_HASH
    rate: float = 1.0


FITS = 40_000_000
"""Bytes of a trace whose keys are all looked at unless told otherwise: less than a gigabyte of memory even if no two
lines are alike (measured: 770 MB)."""


def fitting(size: float) -> float:
    """The rate of keys to look at in a trace of so many bytes."""
    return min(1.0, FITS / size) if size else 1.0


def studied(entries: Iterable[Entry], script: Script, profile: Profile, setting: Setting) -> Studied:
    """See the module. `profile` says for how long values may be stale. Raises ValueError, TraceError."""
    sample, everything = Sample(setting.rate), Sample(1.0)
    curves = {}
    for cache in CACHES:
        part = getattr(profile, cache)
        of_few_keys = cache not in SAMPLED
        curves[cache] = Curve(everything if of_few_keys else sample, stale=part.stale_while_revalidate)
    balancer = Balancer(setting.affinity, setting.workers)
    first, last = None, 0.0
    for entry in entries:
        first, last = entry.at if first is None else first, entry.at
        if entry.kind is Kind.INVALIDATE:
            group, caches = forgotten(entry)
            for cache in caches:
                curves[cache].forget(group)
        for request in script.requests(entry):
            worker = balancer.choose(entry.caller, f"{entry.organisation}-{entry.agent}-{entry.caller}")
            for stage in request:
                for one in stage:
                    curves[one.cache].access(entry.at, worker, one)
    return Studied(curves, max(1.0, last - (first or 0.0)))
