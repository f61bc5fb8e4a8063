"""The layered cache. It knows neither agents nor upstreams: it is handed a key, a policy and a loader.

`Cache.get_or_load` is the face that the rest of the worker sees, `Invalidator.invalidate` that of whoever changes
what was cached. `docs/architecture.md` walks through the files.
"""

from warmline.cache.codec import Codec
from warmline.cache.entry import Found, Source, Stale
from warmline.cache.events import CacheEvents, NotStored
from warmline.cache.key import Group, Key
from warmline.cache.layered import Cache
from warmline.cache.listening import Listening
from warmline.cache.memory import Memory, Removal
from warmline.cache.overview import Overview, Standing
from warmline.cache.policy import Policy
from warmline.cache.streams import Streams
from warmline.cache.tally import Spread, Tally
from warmline.cache.worker import Caches, Tuning

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
    "Removal",
    "Source",
    "Spread",
    "Stale",
    "Standing",
    "Streams",
    "Tally",
    "Tuning",
]
