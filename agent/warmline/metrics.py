"""Every metric of the worker, declared once. The registry is handed in."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

from warmline.cache import Source

disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for every counter, which no board of ours reads

CACHES = ("config", "prompt", "rag", "tts")
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Metrics:
    """The worker's numbers. Labels hold only names that the deployment knows; never texts, agents or callers."""

    def __init__(self, registry: CollectorRegistry, *, slot: str, version: str) -> None:
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        GCCollector(registry=registry)
        lookups = Counter(
            "warmline_cache_lookups",
            "Lookups answered, by the layer that answered.",
            ["cache", "source"],
            registry=registry,
        )
        # Made before they happen: a ratio over a series that does not exist yet is nothing instead of zero.
        self._lookups = {(cache, source): lookups.labels(cache, source.value) for cache in CACHES for source in Source}
        self._store_failures = Counter(
            "warmline_cache_store_failures",
            "Redis calls that failed or held garbage.",
            ["cache", "operation"],
            registry=registry,
        )
        self._requests = Counter(
            "warmline_http_requests", "Requests answered.", ["route", "method", "status"], registry=registry
        )
        self._request_seconds = Histogram(
            "warmline_http_request_duration_seconds",
            "Time to answer a request.",
            ["route"],
            buckets=_SECONDS,
            registry=registry,
        )
        Gauge("warmline_build_info", "1, labelled with what runs here.", ["slot", "version"], registry=registry).labels(
            slot, version
        ).set(1)

    def looked_up(self, cache: str, source: Source) -> None:
        """A lookup was answered (see `cache.CacheEvents`)."""
        self._lookups[cache, source].inc()

    def store_failed(self, cache: str, operation: str) -> None:
        """A Redis call failed (see `cache.CacheEvents`)."""
        self._store_failures.labels(cache, operation).inc()

    def requested(self, route: str, method: str, status: int, seconds: float) -> None:
        """A request was answered; `route` is the template's name, `other` where none matched."""
        self._requests.labels(route, method, str(status)).inc()
        self._request_seconds.labels(route).observe(seconds)
