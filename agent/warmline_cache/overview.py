"""What one cache is allowed, holds and achieves, and how a worker stands with Redis and the fleet."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from warmline_cache.entry import Source
from warmline_cache.flight import Flights
from warmline_cache.memory.memory import Memory
from warmline_cache.policy import Policy
from warmline_cache.tally import Invalidations, Tally


@dataclass(frozen=True, slots=True)
class Overview:
    """One cache of this worker. `max_bytes` and `max_entries` bound its L1."""

    name: str
    policy: Policy
    max_bytes: int
    max_entries: int | None
    memory: Memory[Any]
    tally: Tally
    flights: Flights[Any]

    def show(self) -> dict[str, Any]:
        """Show it all as JSON has it. `hit_ratio` counts lookups without a load; None before the first lookup."""
        sources = self.tally.by_source()
        lookups = sum(sources.values())
        hits = lookups - sources[Source.ORIGIN]
        return {
            "policy": asdict(self.policy),
            "l1": {
                "entries": len(self.memory),
                "max_entries": self.max_entries,
                "bytes": self.memory.size,
                "max_bytes": self.max_bytes,
            },
            "lookups": {source.value: count for source, count in sources.items()},
            "hit_ratio": round(hits / lookups, 4) if lookups else None,
        }


@dataclass(frozen=True, slots=True)
class Breaking:
    """A breaker: whether it is open, how often it has opened, and what went wrong last if the last call failed."""

    open: bool
    opened: int
    why: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a worker stands with Redis and with the fleet.

    `breakers` has one for each Redis instance, `lease` is for how many seconds the invalidation channel's lease will
    hold, `believes` whether what the evicting Redis holds may be used, `changes` how often that one came back as
    another; `joined` and `applied` are the channel's. `refusals` are the servers' own words, by who was refused: a
    Redis instance's callers, the `channel`, or the `replay` of invalidations. `skew` is by how many seconds this
    machine's clock was ahead of each Redis' when they were last compared.
    """

    breakers: Mapping[str, Breaking]
    lease: float
    joined: int
    applied: int
    believes: bool
    changes: int
    invalidations: Invalidations
    refusals: Mapping[str, str] = field(default_factory=dict)
    skew: Mapping[str, float] = field(default_factory=dict)
