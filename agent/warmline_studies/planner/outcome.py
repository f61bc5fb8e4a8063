"""The outcome of a simulation, in counts."""

from collections import Counter
from dataclasses import dataclass, field

from warmline_cache import Source
from warmline_studies.planner.fleet import Fleet
from warmline_studies.planner.lookups import CACHES, Lookup
from warmline_studies.planner.redis import Need, RedisCalls
from warmline_studies.planner.rush import WINDOW, Rush
from warmline_studies.traces import Entry, Kind


@dataclass
class Outcome:
    """Counts as simulated; multiply them by the fleet's weight for the whole fleet. `tallies` are lookups by cache and
    source; `loads` are calls of origins, refreshes too; `micros` is what the loads cost, `micros_uncached` what a load
    for every lookup would have cost. Bytes are peaks. `largest` is the most that any one organisation had of Redis: its
    keys share a hash tag, so that it is never divided among shards."""

    fleet: Fleet
    first: float | None = None
    last: float = 0.0
    requests: int = 0
    sessions: int = 0
    invalidations: int = 0
    tallies: dict[str, dict[Source, int]] = field(
        default_factory=lambda: {cache: dict.fromkeys(Source, 0) for cache in CACHES}
    )
    loads: Counter[str] = field(default_factory=Counter)
    load_seconds: dict[str, float] = field(default_factory=lambda: dict.fromkeys(CACHES, 0.0))
    micros: Counter[str] = field(default_factory=Counter)
    micros_uncached: Counter[str] = field(default_factory=Counter)
    redis: RedisCalls = field(default_factory=RedisCalls)
    largest: Need = field(default_factory=Need)
    redis_peak: int = 0
    redis_useful: int = 0
    l1_peak: int = 0
    workers_used: int = 0
    organisations: set[str] = field(default_factory=set)
    rush: Rush = field(default_factory=lambda: Rush(0.0))

    @property
    def seconds(self) -> float:
        """Seconds from the first entry to the last; at least one."""
        return max(1.0, self.last - (self.first or 0.0))

    def count_entry(self, entry: Entry) -> None:
        """Count an entry that was fed."""
        if self.first is None:
            self.first = entry.at
            self.rush = Rush(entry.at)
        self.last = entry.at
        self.organisations.add(entry.organisation)
        self.sessions += entry.kind is Kind.GREETING
        self.invalidations += entry.kind is Kind.INVALIDATE

    def count_load(self, one: Lookup) -> None:
        """Count a load that began."""
        self.loads[one.cache] += 1
        self.load_seconds[one.cache] += one.seconds
        self.micros[one.cache] += one.micros

    def count_requests(self, number: int) -> None:
        """Count requests that were made at the moment of the entry counted last."""
        self.rush.add(self.last, number)
        self.requests += number

    @property
    def peak(self) -> float:
        """The busiest window's rate of requests, divided by the mean rate."""
        window = min(WINDOW, self.seconds)
        return max(1.0, self.rush.most / window / (self.requests / self.seconds)) if self.requests else 1.0

    def lookups(self, cache: str) -> int:
        """Count all lookups of a cache."""
        return sum(self.tallies[cache].values())

    def share(self, cache: str, *sources: Source) -> float:
        """Compute the part of a cache's lookups that these sources answered; 0 without lookups."""
        tally = self.tallies[cache]
        return sum(tally[source] for source in sources) / (sum(tally.values()) or 1)

    def hit_ratio(self, cache: str) -> float:
        """Compute the part of a cache's lookups whose caller did not wait for a load of their own."""
        return self.share(cache, *(source for source in Source if source is not Source.ORIGIN))
