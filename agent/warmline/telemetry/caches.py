"""What the caches count themselves, read when Prometheus asks: a hit in L1 costs one addition and calls no library."""

from collections.abc import Callable, Iterable, Sequence

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from warmline_cache import Overview, Spread, Standing


class CacheMetrics(Collector):
    """The caches of one worker, and how it stands with Redis and the fleet.

    `overviews` may grow after this was made; `standing` is asked at every scrape.
    """

    def __init__(self, overviews: Sequence[Overview], standing: Callable[[], Standing]) -> None:
        self._overviews = overviews
        self._standing = standing

    def collect(self) -> Iterable[Metric]:
        """See `Collector`."""
        yield from _lookups(self._overviews)
        yield from _memory(self._overviews)
        standing = self._standing()
        yield from _redis(standing)
        yield from _invalidations(standing)


def _lookups(overviews: Sequence[Overview]) -> Iterable[Metric]:
    answered = CounterMetricFamily(
        "warmline_cache_lookups", "Lookups answered, by who answered.", labels=["cache", "source"]
    )
    took = HistogramMetricFamily(
        "warmline_cache_lookup_duration_seconds",
        "Time of the lookups that L1 did not answer at once, by who answered.",
        labels=["cache", "source"],
    )
    stale = CounterMetricFamily(
        "warmline_cache_stale", "Lookups answered with a value past its time, by why.", labels=["cache", "reason"]
    )
    loads = GaugeMetricFamily("warmline_cache_loads_in_flight", "Loads under way.", labels=["cache"])
    waiting = GaugeMetricFamily("warmline_cache_waiting", "Lookups that wait for a load.", labels=["cache"])
    for one in overviews:
        for source, count in one.tally.by_source().items():
            answered.add_metric([one.name, source.value], count)
        for source, spread in one.tally.took.items():
            took.add_metric([one.name, source.value], buckets=_buckets(spread), sum_value=spread.seconds)
        for reason, count in one.tally.stale.items():
            stale.add_metric([one.name, reason.value], count)
        loads.add_metric([one.name], len(one.flights))
        waiting.add_metric([one.name], one.flights.count_waiting())
    return [answered, took, stale, loads, waiting]


def _memory(overviews: Sequence[Overview]) -> Iterable[Metric]:
    held = GaugeMetricFamily("warmline_cache_l1_bytes", "What L1 holds, overhead included.", labels=["cache"])
    limit = GaugeMetricFamily("warmline_cache_l1_limit_bytes", "What L1 may hold.", labels=["cache"])
    entries = GaugeMetricFamily("warmline_cache_l1_entries", "Values in L1.", labels=["cache"])
    most = GaugeMetricFamily(
        "warmline_cache_l1_limit_entries", "Values that L1 may hold, where their number is limited.", labels=["cache"]
    )
    for one in overviews:
        held.add_metric([one.name], one.memory.size)
        limit.add_metric([one.name], one.max_bytes)
        entries.add_metric([one.name], len(one.memory))
        if one.max_entries is not None:
            most.add_metric([one.name], one.max_entries)
    return [held, limit, entries, most]


def _redis(standing: Standing) -> Iterable[Metric]:
    is_open = GaugeMetricFamily(
        "warmline_redis_breaker_open", "1 while a Redis that did not answer is left alone.", labels=["redis"]
    )
    opened = CounterMetricFamily("warmline_redis_breaker_opened", "Times that it began to be.", labels=["redis"])
    for name, breaker in standing.breakers.items():
        is_open.add_metric([name], int(breaker.open))
        opened.add_metric([name], breaker.opened)
    skew = GaugeMetricFamily(
        "warmline_redis_clock_skew_seconds", "By how much this worker's clock is ahead of Redis'.", labels=["redis"]
    )
    for name, seconds in standing.skew.items():
        skew.add_metric([name], seconds)
    return [
        is_open,
        opened,
        skew,
        GaugeMetricFamily(
            "warmline_redis_believed",
            "1 while the evicting Redis is known to have every invalidation.",
            value=int(standing.believes),
        ),
        CounterMetricFamily(
            "warmline_redis_changes",
            "Times that the evicting Redis came back as another one: restarted, or failed over.",
            value=standing.changes,
        ),
    ]


def _invalidations(standing: Standing) -> Iterable[Metric]:
    counts = standing.invalidations
    took = HistogramMetricFamily(
        "warmline_invalidation_duration_seconds",
        "Time until every worker had acknowledged an invalidation of this worker's, or was waited out.",
        buckets=_buckets(counts.took),
        sum_value=counts.took.seconds,
    )
    members = CounterMetricFamily(
        "warmline_invalidation_workers",
        "Workers that were told of this worker's invalidations: they acknowledged, or their lease was waited out.",
        labels=["outcome"],
    )
    members.add_metric(["acknowledged"], counts.acknowledged)
    members.add_metric(["waited_out"], counts.waited_out)
    return [
        took,
        members,
        CounterMetricFamily(
            "warmline_invalidations_failed", "Invalidations that could not be promised.", value=counts.failed
        ),
        CounterMetricFamily(
            "warmline_invalidations_applied",
            "Invalidations of whichever worker that this one carried out.",
            value=standing.applied,
        ),
        GaugeMetricFamily(
            "warmline_channel_lease_seconds",
            "For how long this worker may believe its memory without word from the channel; 0: it may not.",
            value=standing.lease,
        ),
        CounterMetricFamily(
            "warmline_channel_joins",
            "Times that this worker joined the fleet: one at start, one after each loss of the channel.",
            value=standing.joined,
        ),
    ]


def _buckets(spread: Spread) -> list[tuple[str, float]]:
    """As Prometheus has them: each bucket holds what was no longer than its bound."""
    found, total = [], 0
    for bound, count in zip((*Spread.BOUNDS, float("inf")), spread.counts, strict=True):
        total += count
        found.append(("+Inf" if bound == float("inf") else str(bound), float(total)))
    return found
