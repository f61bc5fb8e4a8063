"""A run → what it shows. Pure, but for the numbers that the best possible's jitter is drawn from, which are seeded."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from random import Random

import msgspec

from tests.measure.bench.measure import percentile
from tests.measure.evidence.record import LOAD, Run, Seen
from tests.measure.evidence.record import Worker as Held
from tests.measure.evidence.scale import Lifetime
from tests.measure.evidence.setups import CACHES, Setup
from tests.measure.evidence.shown.best import Best, best
from tests.measure.evidence.shown.lookups import lookups
from tests.measure.evidence.steps import PHASES, phase_at
from warmline.caches import CACHES as TRAITS

SOURCES = ("l1", "l2", "joined", "stale", LOAD)
_SPEECH = "text-to-speech"


class CacheShown(msgspec.Struct, frozen=True):
    """One cache in one row. `shares` are of all lookups, by who answered; `hits` all but loads. `phases` are the hits
    of each. `calls` the provider was asked, `best_calls` at least."""

    lookups: int
    hits: float
    best: float
    quoted: str
    shares: dict[str, float]
    phases: dict[str, float | None]
    best_phases: dict[str, float | None]
    calls: int
    best_calls: int


class Times(msgspec.Struct, frozen=True):
    """Milliseconds of so many requests, to the first byte."""

    count: int
    p50: float
    p95: float
    p99: float


class Row(msgspec.Struct, frozen=True):
    """One fleet. Bytes are bytes, money is in the price table's currency for the trace as a whole.

    `sockets` is the share of utterances that found a warm one, `redis_failures` the calls of Redis that were given up,
    `late` how late the client itself was, p99, in milliseconds.
    """

    letter: str
    title: str
    workers: int
    caches: dict[str, CacheShown]
    times: dict[str, Times]
    rss: list[int]
    l1_bytes: list[int]
    redis_bytes: int
    cost: float
    saved: float
    sockets: float | None
    requests: int
    failed: int
    spread: list[int]
    invalidation_ms: list[float]
    redis_failures: int
    late: float
    load: str


def summary(setup: Setup, run: Run, lifetimes: Mapping[str, Lifetime], seconds: float) -> Row:
    """Everything that is shown of a run."""
    ideal = best(lookups(run.seen, seconds), run.changes, lifetimes, Random(7).random)
    everybody = [*run.workers, *run.replaced]
    return Row(
        letter=setup.letter,
        title=setup.title,
        workers=len(run.workers),
        caches={cache: _cache(setup, cache, run, ideal, seconds) for cache in CACHES},
        times=_times(run.seen),
        rss=[worker.rss for worker in run.workers],
        l1_bytes=[sum(worker.l1.values()) for worker in run.workers],
        redis_bytes=run.redis_bytes if setup.l2 else 0,
        cost=round(sum(sum(worker.cost.values()) for worker in everybody), 4),
        saved=round(sum(sum(worker.saved.values()) for worker in everybody), 4),
        sockets=_warm(everybody),
        requests=len(run.seen),
        failed=sum(not one.sources for one in run.seen),
        spread=sorted(Counter(one.slot for one in run.seen if one.slot).values()),
        invalidation_ms=[round(change.milliseconds, 1) for change in run.changes],
        redis_failures=int(sum(sum(worker.failures.values()) for worker in everybody)),
        late=round(percentile([one.late for one in run.seen], 0.99) * 1000, 1),
        load=run.load,
    )


def _cache(setup: Setup, cache: str, run: Run, ideal: Best, seconds: float) -> CacheShown:
    sources = Counter(one.sources[cache] for one in run.seen if cache in one.sources)
    total = sources.total() or 1
    return CacheShown(
        lookups=sources.total(),
        hits=1 - sources[LOAD] / total,
        best=ideal.of(cache).ratio or 0.0,
        quoted=setup.quoted.get(cache, ""),
        shares={source: sources[source] / total for source in SOURCES},
        phases=_by_phase(cache, run.seen, seconds),
        best_phases={phase: ideal.of(cache, phase).ratio for phase in PHASES},
        calls=_calls(cache, run.calls),
        best_calls=ideal.of(cache).loads,
    )


def _by_phase(cache: str, seen: Iterable[Seen], seconds: float) -> dict[str, float | None]:
    all_of, hits = Counter[str](), Counter[str]()
    for one in seen:
        if cache in one.sources:
            phase = phase_at(one.at, seconds)
            all_of[phase] += 1
            hits[phase] += one.sources[cache] != LOAD
    return {phase: hits[phase] / all_of[phase] if all_of[phase] else None for phase in PHASES}


def _calls(cache: str, calls: Mapping[str, int]) -> int:
    if function := TRAITS[cache].function:
        return calls.get(function, 0)
    return sum(count for kind, count in calls.items() if kind.startswith(_SPEECH))


def _times(seen: Sequence[Seen]) -> dict[str, Times]:
    found = {}
    for what in ("answer", "speech"):
        first = [one.first for one in seen if one.what == what and one.sources]
        if first:
            shown = (round(percentile(first, share), 1) for share in (0.5, 0.95, 0.99))
            found[what] = Times(len(first), *shown)
    return found


def _warm(workers: Iterable[Held]) -> float | None:
    leases = Counter[str]()
    for worker in workers:
        leases.update({found: int(count) for found, count in worker.leases.items()})
    return leases["warm"] / leases.total() if leases.total() else None
