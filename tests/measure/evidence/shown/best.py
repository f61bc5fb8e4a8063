"""The best possible for a log of requests: one cache without bounds, with the same lifetimes and changes. Pure.

    miss ── load ──► fresh ── stale, one load behind ──► gone
      └─ whoever comes meanwhile waits for that load: a hit, for it costs no load

It loses nothing in a deploy and evicts nothing, and every worker would have to share it at no cost.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from tests.measure.evidence.record import Change
from tests.measure.evidence.scale import JITTER, Lifetime
from warmline.caches import TRACED_BY_GROUP


class Lookup(NamedTuple):
    """Somebody wants `key` of a cache, in a phase of the run; a load would take so many `seconds`."""

    at: float
    cache: str
    organisation: str
    agent: str
    key: str
    seconds: float
    phase: str


@dataclass(slots=True)
class Count:
    """Lookups, those that found something, and loads, which also refresh what is stale."""

    lookups: int = 0
    hits: int = 0
    loads: int = 0

    @property
    def ratio(self) -> float | None:
        """Hits of all lookups."""
        return self.hits / self.lookups if self.lookups else None


@dataclass(slots=True)
class _Entry:
    began: float
    fresh_until: float
    gone_at: float


@dataclass(slots=True)
class Best:
    """Counts by cache and phase."""

    counts: dict[tuple[str, str], Count] = field(default_factory=lambda: defaultdict(Count))

    def of(self, cache: str, phase: str | None = None) -> Count:
        """One phase's, or all together."""
        total = Count()
        for (name, when), count in self.counts.items():
            if name == cache and phase in {None, when}:
                total.lookups += count.lookups
                total.hits += count.hits
                total.loads += count.loads
        return total


def best(
    lookups: Iterable[Lookup],
    changes: Sequence[Change],
    lifetimes: Mapping[str, Lifetime],
    random: Callable[[], float],
) -> Best:
    """`lookups` in the order of their times; `random` gives numbers from 0 to 1 for the lifetimes' jitter."""
    found, entries = Best(), dict[tuple[str, str, str, str], _Entry]()
    forgotten = _Forgotten(changes)
    for one in lookups:
        count = found.counts[one.cache, one.phase]
        count.lookups += 1
        place = (one.cache, one.organisation, one.agent, one.key)
        entry = entries.get(place)
        if entry is not None and (one.at >= entry.gone_at or entry.began <= forgotten.last(one)):
            entry = None
        count.hits += entry is not None
        if entry is None or one.at >= entry.fresh_until:
            count.loads += 1
            entries[place] = _loaded(one, lifetimes[one.cache], random())
    return found


def _loaded(one: Lookup, lifetime: Lifetime, chance: float) -> _Entry:
    fresh = one.at + one.seconds + lifetime.fresh * (1 - JITTER * chance)
    return _Entry(one.at, fresh, fresh + lifetime.stale)


class _Forgotten:
    """When what a lookup wants was last changed."""

    def __init__(self, changes: Sequence[Change]) -> None:
        self._times: dict[tuple[str, str, str], list[float]] = defaultdict(list)
        for change in changes:
            for cache in TRACED_BY_GROUP["agent" if change.agent else "knowledge"]:
                self._times[cache, change.organisation, change.agent].append(change.at)

    def last(self, one: Lookup) -> float:
        """The latest time before the lookup, or one before all."""
        agent = "" if one.cache == "rag" else one.agent
        times = self._times.get((one.cache, one.organisation, agent), ())
        return max((at for at in times if at <= one.at), default=-1.0)
