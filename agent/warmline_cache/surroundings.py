"""What all caches of one worker share."""

from collections.abc import Callable
from dataclasses import dataclass

from warmline_cache.events import CacheEvents
from warmline_cache.fence import Fence
from warmline_cache.store.codec import SCHEMA, Bytes
from warmline_cache.store.lease import Leases
from warmline_cache.store.ports import Store


@dataclass(frozen=True, slots=True)
class Surroundings:
    """`clock` is monotonic and counts suspension, `wall` is the time of day, `redis_deadline` what Redis may cost one
    lookup, all in seconds; `unled_loads` is how many loads of one cache run at a time while Redis cannot lead them,
    of which an organisation alone holds 16 (`fair.py`); `schema` is of the entries that this worker stores and
    reads."""

    store: Store
    leases: Leases
    fence: Fence
    clock: Callable[[], float]
    wall: Callable[[], float]
    random: Bytes
    events: CacheEvents
    redis_deadline: float = 0.05
    unled_loads: int = 18
    schema: int = SCHEMA
