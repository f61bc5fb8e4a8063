"""The layered cache. It knows neither agents nor upstreams: it is handed a key, a policy and a loader.

`Cache.get_or_load` is the face that the rest of the worker sees, `Invalidator.invalidate` that of whoever changes
what was cached. `docs/understand/architecture.md` walks through the files.
"""

from warmline_cache.entry import Found, Source, Stale
from warmline_cache.events import CacheEvents, NotStored
from warmline_cache.key import Group, Key
from warmline_cache.layered import Cache
from warmline_cache.memory.memory import Memory, Removal
from warmline_cache.overview import Overview, Standing
from warmline_cache.policy import Policy
from warmline_cache.store.codec import Codec
from warmline_cache.streams.listening import Listening
from warmline_cache.streams.streams import Streams
from warmline_cache.tally import Spread, Tally
from warmline_cache.worker import Caches, RedisLimits

__all__ = [
    "Cache",
    "CacheEvents",
    "Caches",
    "Codec",
    "Found",
    "Group",
    "Key",
    "Listening",
    "Memory",
    "NotStored",
    "Overview",
    "Policy",
    "RedisLimits",
    "Removal",
    "Source",
    "Spread",
    "Stale",
    "Standing",
    "Streams",
    "Tally",
]
