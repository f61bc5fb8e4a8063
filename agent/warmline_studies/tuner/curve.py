"""The curves of one cache, from one pass: the hit ratio for each lifetime, and in L1 for each size.

Lifetimes are the whole fleet's: a value that any worker loaded serves every worker until it is too old, or invalidated.
L1 is each worker's own: it has a value that its worker was asked for since the value was loaded, if the value is near
enough to the top of the worker's stack. That is LRU; L1 is SIEVE, which does as well or better if popularity is skewed.

Sampled counts are corrected as the paper of SHARDS has it (SHARDS-adj): lookups that the sample has too few or too many
of are taken to be of the most popular keys, which hit.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from warmline_studies.planner.lookups import Lookup
from warmline_studies.planner.redis import stored_size
from warmline_studies.tuner.sample import Sample
from warmline_studies.tuner.stack import Distance, Stack

TTLS = (60.0, 300.0, 600.0, 1800.0, 3600.0, 14_400.0, 86_400.0)
"""The lifetimes that are compared, in seconds."""

STEPS_TO_A_DOUBLING = 2
"""How many sizes are compared between a size and its double."""


class LifetimeStep(NamedTuple):
    """What a ttl in seconds brings: the part of lookups that find something, loads in the whole trace and their cost in
    millionths, the bytes in Redis, on average, that can still answer a lookup, and the age in seconds of an answer, on
    average and at most."""

    ttl: float
    hit: float
    loads: float
    micros: float
    memory: float
    age: float
    oldest: float


class SizeStep(NamedTuple):
    """What room for so many entries in each worker's L1 brings: `bytes` are of payloads and bookkeeping."""

    entries: int
    bytes: int
    hit: float


@dataclass(slots=True)
class _Loaded:
    """The value of a key under one ttl."""

    at: float
    stamp: int
    bytes: int


class _Lifetime:
    """The counts of one ttl."""

    __slots__ = ("ages", "distances", "hits", "keys", "loads", "micros", "occupied", "ttl")

    def __init__(self, ttl: float) -> None:
        self.ttl = ttl
        self.keys: dict[str, _Loaded] = {}
        self.hits = self.loads = self.micros = 0
        self.ages = self.occupied = 0.0
        self.distances: Counter[int] = Counter()


class Curve:
    """The curves of one cache, made of lookups that come in order; `stale` is for how many seconds after its ttl a
    value is still served while it is loaded anew."""

    def __init__(self, sample: Sample, *, stale: float, ttls: Sequence[float] = TTLS) -> None:
        self._sample = sample
        self._stale = stale
        self._lifetimes = [_Lifetime(ttl) for ttl in ttls]
        self._stacks: dict[int, Stack] = {}
        self._asked: dict[tuple[int, str], float] = {}
        self._changed: Counter[str] = Counter()
        self._depths: dict[int, Distance] = {}
        """By bucket, the sum of all distances there: how many bytes so many entries of L1 are."""
        self._sizes = 0
        self._sampled = 0
        self.lookups = 0
        self._end = 0.0

    def access(self, at: float, worker: int, one: Lookup) -> None:
        """Count a lookup of `worker` at second `at`."""
        self.lookups += 1
        self._end = at
        if not self._sample.has(one.key):
            return
        self._sampled += 1
        self._sizes += one.size
        stack = self._stacks.get(worker)
        if stack is None:
            stack = self._stacks[worker] = Stack()
        distance = stack.access(one.key, one.size)
        asked = self._asked.get((worker, one.key), -math.inf)
        self._asked[worker, one.key] = at
        bucket = None if distance is None else self._deep(distance)
        stamp = sum(self._changed[group] for group in one.groups)
        for lifetime in self._lifetimes:
            self._count(lifetime, at, one, stamp, asked=asked, bucket=bucket)

    def _deep(self, distance: Distance) -> int:
        bucket = _bucket(distance.entries / self._sample.rate)
        entries, size = self._depths.get(bucket, (0, 0))
        self._depths[bucket] = Distance(entries + distance.entries, size + distance.bytes)
        return bucket

    def forget(self, group: str) -> None:
        """Count a change of all values of a group."""
        self._changed[group] += 1

    def _count(
        self, lifetime: _Lifetime, at: float, one: Lookup, stamp: int, *, asked: float, bucket: int | None
    ) -> None:
        loaded = lifetime.keys.get(one.key)
        age = math.inf if loaded is None or loaded.stamp != stamp else at - loaded.at
        if age < lifetime.ttl + self._stale:
            lifetime.hits += 1
            lifetime.ages += age
            if bucket is not None and asked >= at - age:
                lifetime.distances[bucket] += 1
        if age >= lifetime.ttl:
            lifetime.loads += 1
            lifetime.micros += one.micros
            if loaded is not None:
                lifetime.occupied += loaded.bytes * min(at - loaded.at, lifetime.ttl + self._stale)
            lifetime.keys[one.key] = _Loaded(at, stamp, stored_size(one.size))

    def lifetimes(self, seconds: float, weight: float = 1.0) -> list[LifetimeStep]:
        """Make a step for each ttl, of a trace that lasts so many seconds and stands for `weight` traces."""
        return [self._lifetime(lifetime, seconds, self._sample.rate / weight) for lifetime in self._lifetimes]

    def _lifetime(self, lifetime: _Lifetime, seconds: float, rate: float) -> LifetimeStep:
        """Make one step; `rate` is the part of the fleet's lookups that was looked at."""
        still = sum(one.bytes * min(self._end - one.at, lifetime.ttl + self._stale) for one in lifetime.keys.values())
        return LifetimeStep(
            ttl=lifetime.ttl,
            hit=self._ratio(lifetime.hits),
            loads=lifetime.loads / rate,
            micros=lifetime.micros / rate,
            memory=(lifetime.occupied + still) / rate / seconds,
            age=lifetime.ages / (lifetime.hits or 1),
            oldest=lifetime.ttl + self._stale,
        )

    def sizes(self, ttl: float, overhead: int, weight: float = 1.0) -> list[SizeStep]:
        """Make a step for each size of L1 under a ttl that was compared, up to room for everything.

        `overhead` is what an entry costs beside its payload, in bytes. Bytes are those of entries held, for values that
        are asked for often may be smaller than most. If the trace stands for `weight` traces, a worker is asked for
        `weight` times as much else between two lookups of a value.
        """
        lifetime = next(one for one in self._lifetimes if one.ttl == ttl)
        steps, hits, size = {}, 0, 0
        mean = self._sizes / (self._sampled or 1)
        for bucket in range(max(lifetime.distances, default=0) + 1):
            hits += lifetime.distances[bucket]
            entries = math.ceil(_entries(bucket) * weight)
            held = self._depths.get(bucket)
            if held:
                mean = held.bytes / held.entries
            size = max(size, math.ceil(entries * (mean + overhead)))
            steps[entries] = SizeStep(entries, size, self._ratio(hits))
        return list(steps.values())

    def _ratio(self, hits: float) -> float:
        expected = self.lookups * self._sample.rate
        return min(1.0, max(0.0, (hits + expected - self._sampled) / expected)) if expected else 0.0


def _bucket(entries: float) -> int:
    """Find the smallest size that is compared and holds so many entries."""
    return math.ceil(round(STEPS_TO_A_DOUBLING * math.log2(max(1.0, entries)), 6))


def _entries(bucket: int) -> int:
    return math.floor(2 ** (bucket / STEPS_TO_A_DOUBLING) + 1e-6)
