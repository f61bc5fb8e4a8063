"""The layered cache. It knows neither agents nor upstreams: it is handed a key and a loader.

`Cache.get_or_load` is the whole face that the rest of the worker sees.
"""

from warmline.cache.codec import Codec
from warmline.cache.entry import Found, Source
from warmline.cache.key import Key
from warmline.cache.layered import Cache, CacheEvents
from warmline.cache.memory import Memory
from warmline.cache.policy import Policy
from warmline.cache.redis import RedisStore

__all__ = ["Cache", "CacheEvents", "Codec", "Found", "Key", "Memory", "Policy", "RedisStore", "Source"]
