"""What came of a simulation, in counts."""

from collections import Counter
from dataclasses import dataclass, field

from warmline_cache import Source
from warmline_studies.planner.fleet import Fleet
from warmline_studies.planner.lookups import CACHES, Lookup
from warmline_studies.planner.redis import Asked, Need
from warmline_studies.planner.rush import WINDOW, Rush
from warmline_studies.traces import Entry, Kind


@dataclass
class Outcome:
    """Counts as simulated; for the whole fleet multiply by its weight. `tallies` are lookups by cache and source;
    `loads` what origins were asked, refreshes too; `micros` what those cost, `micros_uncached` what loads for all
    lookups would have. Bytes are peaks. `largest` is the most
    that any one organisation had of Redis: its keys share a hash tag, so that it is never divided among shards."""

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
    redis: Asked = field(default_factory=Asked)
    largest: Need = field(default_factory=Need)
    redis_peak: int = 0
    redis_useful: int = 0
    l1_peak: int = 0
    workers_used: int = 0
    organisations: set[str] = field(default_factory=set)
    rush: Rush = field(default_factory=lambda: Rush(0.0))

    @property
    def seconds(self) -> float:
        """From the first entry to the last; at least one."""
        return max(1.0, self.last - (self.first or 0.0))

    def saw(self, entry: Entry) -> None:
        """An entry was fed."""
        if self.first is None:
            self.first = entry.at
            self.rush = Rush(entry.at)
        self.last = entry.at
        self.organisations.add(entry.organisation)
        self.sessions += entry.kind is Kind.GREETING
        self.invalidations += entry.kind is Kind.INVALIDATE

    def began(self, one: Lookup) -> None:
        """A load began."""
        self.loads[one.cache] += 1
        self.load_seconds[one.cache] += one.seconds
        self.micros[one.cache] += one.micros

    def requested(self, number: int) -> None:
        """Requests were made at the moment of the entry seen last."""
        self.rush.add(self.last, number)
        self.requests += number

    @property
    def peak(self) -> float:
        """How many times the mean rate of requests the busiest window's is."""
        window = min(WINDOW, self.seconds)
        return max(1.0, self.rush.most / window / (self.requests / self.seconds)) if self.requests else 1.0

    def lookups(self, cache: str) -> int:
        """All of a cache."""
        return sum(self.tallies[cache].values())

    def share(self, cache: str, *sources: Source) -> float:
        """The part of a cache's lookups that these answered; 0 without lookups."""
        tally = self.tallies[cache]
        return sum(tally[source] for source in sources) / (sum(tally.values()) or 1)

    def hit_ratio(self, cache: str) -> float:
        """The part that made nobody wait for a load of his own."""
        return self.share(cache, *(source for source in Source if source is not Source.ORIGIN))
