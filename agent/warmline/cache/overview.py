"""What one cache is allowed, holds and achieves, for people to read."""

from dataclasses import asdict, dataclass
from typing import Any

from warmline.cache.entry import Source
from warmline.cache.memory import Memory
from warmline.cache.policy import Policy
from warmline.cache.tally import Tally


@dataclass(frozen=True, slots=True)
class Overview:
    """One cache of this worker. `max_bytes` and `max_entries` bound its L1."""

    name: str
    policy: Policy
    max_bytes: int
    max_entries: int | None
    memory: Memory[Any]
    tally: Tally

    def shown(self) -> dict[str, Any]:
        """All of it now, as JSON has it. `hit_ratio` counts whatever cost no load, None before the first lookup."""
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
