"""The table of caches: what is different about each. Whatever has to know all caches reads it here."""

from collections.abc import Mapping
from dataclasses import dataclass

MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0


@dataclass(frozen=True, slots=True)
class CacheTraits:
    """One cache.

    `priced`       a load asks a provider for money, or may: it is in the accounts of the organisation that caused it
    `versioned`    a key names the version of its value, so that no invalidation can make the value wrong
    `streamed`     a value is heard while it is loaded
    `counted`      L1 is bounded by entries as well as by bytes: there is a key for each text, and no end of texts
    `longest_ttl`  the longest time to live that makes sense, in seconds: a value that is not versioned is as old as
                   this if an invalidation was never sent
    """

    name: str
    longest_ttl: float
    priced: bool = True
    versioned: bool = False
    streamed: bool = False
    counted: bool = False


_TABLE = (
    CacheTraits("tts", longest_ttl=DAY, versioned=True, streamed=True, counted=True),
    CacheTraits("rag", longest_ttl=30 * MINUTE, counted=True),
    CacheTraits("config", longest_ttl=5 * MINUTE),
    CacheTraits("prompt", longest_ttl=DAY, versioned=True),
    CacheTraits("roster", longest_ttl=5 * MINUTE, priced=False),  # only warming asks, for nobody in particular
)
CACHES: Mapping[str, CacheTraits] = {traits.name: traits for traits in _TABLE}
"""Every cache by its name, in the order in which they are shown."""

PRICED = tuple(traits.name for traits in _TABLE if traits.priced)
"""The caches that callers' questions go through."""
