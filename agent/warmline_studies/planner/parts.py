"""What the simulation moves: loads, workers, and the requests that callers still have to make."""

from warmline_cache import Memory
from warmline_studies.planner.fleet import Fleet
from warmline_studies.planner.lookups import CACHES, Lookup, Request
from warmline_studies.planner.redis import Stored


class Load:
    """One load under way, and the workers whose L1 it will fill. `found` is what a refresh found to be there already,
    loaded by another worker. `recalled` are the workers that had an older value to fall back upon: their cache looks at
    L1 once more, and a look protects the value from eviction."""

    __slots__ = ("ends", "found", "one", "recalled", "stamp", "workers")

    def __init__(
        self, one: Lookup, ends: float, stamp: tuple[int, ...], worker: "Worker", found: Stored | None = None
    ) -> None:
        self.one = one
        self.ends = ends
        self.found = found
        self.stamp = stamp
        self.workers = [worker]
        self.recalled: list[Worker] = []


class Worker:
    """One process: its L1, and the loads that its callers wait for."""

    __slots__ = ("flights", "memories")

    def __init__(self, fleet: Fleet) -> None:
        self.flights: dict[str, Load] = {}
        self.memories: dict[str, Memory[None]] = {}
        for cache in CACHES:
            bound = fleet.bounds[cache].scale(1 / fleet.weight)
            self.memories[cache] = Memory(max_bytes=bound.max_bytes, max_entries=bound.max_entries)

    @property
    def size(self) -> int:
        """Bytes of the worker's L1, of all caches."""
        return sum(memory.size for memory in self.memories.values())


class Talk:
    """The requests of one entry that are still to be made; all stages of a request go to one worker."""

    __slots__ = ("requests", "stage", "workers")

    def __init__(self, requests: tuple[Request, ...], workers: list[Worker]) -> None:
        self.requests = requests
        self.workers = workers
        self.stage = 0
