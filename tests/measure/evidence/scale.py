"""Time, made shorter: a trace of half an hour in a minute and a half, and every lifetime by the same factor.

What is not scaled: the providers' latencies and Redis', for callers are to be shown what they would wait. So a load
takes a larger part of a lifetime here than it does in truth, and more callers join one.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from tests.measure.evidence.setups import CACHES
from warmline.settings import PROFILES

_LIFETIMES = ("ttl", "stale_while_revalidate", "stale_if_error", "negative_ttl")
JITTER = 0.1
"""The share of its lifetime by which an entry may end early: `cache.Policy`'s own."""

CONNECT, FIRST_CHUNK, CHUNK, SPEED = 0.15, 1.0, 0.4, 4.0
QUERY, SEARCH = 0.1, 0.2
"""Seconds that the simulated providers take, and how much faster than real time audio comes after its beginning."""

REDIS_SECONDS = 0.5
"""What Redis may cost a lookup: ten times the product's default, for here workers, callers, nginx, Redis and providers
share the cores of one machine, and a worker that waits for its turn would take that for Redis' silence."""

_SECONDS_PER_CHARACTER = 0.06


@dataclass(frozen=True, slots=True)
class Lifetime:
    """Seconds that an entry is fresh, and then served stale while one load runs behind."""

    fresh: float
    stale: float


def lifetimes(profile: str, factor: float) -> dict[str, Lifetime]:
    """Of each cache, `factor` times shorter than in truth."""
    policies = {cache: PROFILES[profile].cache[cache].policy for cache in CACHES}
    return {
        cache: Lifetime(policies[cache].ttl / factor, policies[cache].stale_while_revalidate / factor)
        for cache in CACHES
    }


def settings(profile: str, factor: float) -> Mapping[str, str]:
    """The same as a worker's settings, without the prefix, and what else differs from the product's defaults."""
    scaled = {
        f"cache_{cache}_{number}": f"{getattr(PROFILES[profile].cache[cache].policy, number) / factor:.6f}"
        for cache in CACHES
        for number in _LIFETIMES
    }
    return {"profile": profile, "redis_deadline": f"{REDIS_SECONDS}", **scaled}


def load_seconds(cache: str, text: str = "") -> float:
    """What a load takes at the simulated providers; of speech, until the last of `text` was spoken."""
    if cache != "tts":
        return SEARCH if cache == "rag" else QUERY
    chunks = max(1.0, len(text) * _SECONDS_PER_CHARACTER / CHUNK)
    return FIRST_CHUNK + (chunks - 1) * CHUNK / SPEED
