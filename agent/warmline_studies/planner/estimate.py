"""From the counts of a simulation to what the whole fleet would need of Redis and providers, and cost. Pure.

Rates are those of the busiest five minutes: the mean rate, times how much more requests there are then than on average.
A month is the trace's day thirty times.
"""

import math
from dataclasses import dataclass

import msgspec

from warmline.accounts.prices import MICROS, Prices
from warmline_cache import Source
from warmline_studies.planner.affinity import IP_HASH_VALUES, Affinity
from warmline_studies.planner.lookups import CACHES
from warmline_studies.planner.outcome import Outcome
from warmline_studies.planner.redis import Need

DAY = 86_400.0
MONTH = 30 * DAY
MIB = 1024 * 1024

HEARTBEATS = 1.5 + 1.0 + 0.19
"""Calls a second of each worker to the `state` Redis without any caller: for its membership, accounts and sockets."""

SHARE_SECONDS = 2e-6
"""Seconds of Redis for each worker's line, whenever a worker asks for its share of the account's sockets: 2.0 ms for a
thousand lines and 19.6 ms for ten thousand, measured on Redis 7.0 on a 2-core VM. A worker asks every 5.25 s."""
SHARE_EVERY = 5.25

SAVES = 3
"""Writes of a session's state for each turn: asked, speaking, listening."""


@dataclass(frozen=True, slots=True)
class Capacity:
    """What one Redis carries. Calls and bytes a second are what one client got out of it in docs/results/cache.txt:
    63,008 hits of 200 B of ten organisations, and 19,359 of 50 KB; the client was the limit, so Redis can do more."""

    calls: float = 63_000.0
    bytes: float = 19_300.0 * 50_000
    memory: int = 2048 * MIB


class CacheEstimate(msgspec.Struct, frozen=True):
    """One cache: lookups a second, and the part of them that each layer answered."""

    lookups: float
    hit: float
    sources: dict[str, float]
    loads: float


class Shards(msgspec.Struct, frozen=True):
    """The fewest Redis that the cache needs, for each resource of a Redis. `largest` is the largest organisation's part
    of one Redis, of the resource that it needs most; an organisation cannot be divided among shards."""

    calls: int
    bytes: int
    memory: int
    largest: float

    @property
    def needed(self) -> int:
        """The fewest Redis that have enough of every resource."""
        return max(self.calls, self.bytes, self.memory)


class Estimate(msgspec.Struct, frozen=True):
    """The whole fleet, with rates a second at its busiest. It was worked out from so many `organisations` in so many
    `seconds`, and each of their entries stands for `weight` entries. Money is in whole units of `currency`, for a
    month; `priceless` are the kinds of call that cost 0 in the price table."""

    workers: int
    workers_reached: int
    affinity: str
    shared: bool
    weight: float
    organisations: int
    seconds: float
    requests: float
    caches: dict[str, CacheEstimate]
    redis_calls: float
    redis_bytes: float
    redis_memory: int
    redis_kept: int
    shards: Shards
    state_calls: float
    state_messages: float
    state_busy: float
    l1_bytes: int
    speaking: float
    sockets: int
    sockets_account: int
    sockets_warm: int
    currency: str
    cost: float
    cost_uncached: float
    priceless: list[str]


def estimate(outcome: Outcome, *, capacity: Capacity, prices: Prices, sockets_account: int, prewarm: int) -> Estimate:
    """Scale the counts of a simulation to the whole fleet; `prewarm` is how many sockets a worker keeps open."""
    fleet = outcome.fleet
    rate = fleet.weight * outcome.peak / outcome.seconds
    asked = outcome.redis
    workers_reached = min(fleet.workers, IP_HASH_VALUES) if fleet.affinity is Affinity.IP_HASH else fleet.workers
    calls, moved = rate * asked.calls, rate * asked.moved
    memory = int(outcome.redis_useful * fleet.weight)
    speaking = rate * outcome.load_seconds["tts"]
    month = fleet.weight * MONTH / outcome.seconds / MICROS
    return Estimate(
        workers=fleet.workers,
        workers_reached=workers_reached,
        affinity=fleet.affinity.value,
        shared=fleet.shared,
        weight=fleet.weight,
        organisations=len(outcome.organisations),
        seconds=outcome.seconds,
        requests=rate * outcome.requests,
        caches={cache: _row(outcome, cache, rate) for cache in CACHES},
        redis_calls=calls,
        redis_bytes=moved,
        redis_memory=memory,
        redis_kept=int(outcome.redis_peak * fleet.weight),
        shards=_shards(Need(calls, moved, memory), _at_peak(outcome), capacity),
        state_calls=rate * (asked.leases + SAVES * outcome.requests * fleet.sessions) + fleet.workers * HEARTBEATS,
        state_messages=fleet.workers * rate * (asked.woken + 2 * outcome.invalidations),
        state_busy=fleet.workers**2 / SHARE_EVERY * SHARE_SECONDS,
        l1_bytes=int(outcome.l1_peak * fleet.weight),
        speaking=speaking,
        sockets=_enough(speaking),
        sockets_account=sockets_account,
        sockets_warm=fleet.workers * prewarm,
        currency=prices.currency,
        cost=sum(outcome.micros.values()) * month,
        cost_uncached=sum(outcome.micros_uncached.values()) * month,
        priceless=[kind for kind in prices.calls if not prices.call(kind)],
    )


def _row(outcome: Outcome, cache: str, rate: float) -> CacheEstimate:
    return CacheEstimate(
        lookups=rate * outcome.lookups(cache),
        hit=outcome.hit_ratio(cache),
        sources={source.value: outcome.share(cache, source) for source in Source},
        loads=rate * outcome.loads[cache],
    )


def _at_peak(outcome: Outcome) -> Need:
    """Compute what the largest organisation needs at the busiest moment, a second. A fleet of a larger weight has more
    organisations, not larger ones: the weight does not count here."""
    rate = outcome.peak / outcome.seconds
    return Need(rate * outcome.largest.calls, rate * outcome.largest.bytes, outcome.largest.memory)


def _shards(whole: Need, largest: Need, capacity: Capacity) -> Shards:
    room = (capacity.calls, capacity.bytes, capacity.memory)
    calls, moved, memory = (max(1, math.ceil(need / most)) for need, most in zip(whole, room, strict=True))
    return Shards(calls, moved, memory, max(need / most for need, most in zip(largest, room, strict=True)))


def _enough(mean: float) -> int:
    """Count the sockets that are enough but for one moment in ten thousand: Poisson's mean and 3.7 deviations."""
    return math.ceil(mean + 3.7 * math.sqrt(mean))
