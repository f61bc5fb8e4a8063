"""Every metric that the worker counts as it happens; the registry is handed in.

What is read when scraped is in `caches.py` and `money.py`, sockets are in `sockets.py`. A series that can
be named before its first event is there from the start, so that rates begin at nought. `dashboards/metrics.yml` is the
contract of all of them.
"""

from collections.abc import Callable, Iterable, Sequence
from enum import Enum

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

from warmline.telemetry import request
from warmline_cache import NotStored, Removal, Source

disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for every counter, which no board of ours reads

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Metrics:
    """The worker's numbers. Labels hold only names that the deployment knows; never texts, agents or callers."""

    def __init__(self, registry: CollectorRegistry, *, version: str) -> None:
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        GCCollector(registry=registry)
        self._store_failures = Counter(
            "warmline_cache_store_failures",
            "Redis calls that failed, and entries that could not be decoded.",
            ["cache", "operation"],
            registry=registry,
        )
        self._not_stored = Counter(
            "warmline_cache_not_stored",
            "Loaded values that were served and not kept in Redis.",
            ["cache", "reason"],
            registry=registry,
        )
        self._removed = Counter(
            "warmline_cache_removed", "Values that left L1, by cause.", ["cache", "cause"], registry=registry
        )
        self._streams_lost = Counter(
            "warmline_cache_streams_lost",
            "Listeners that lost the stream they followed and took the rest from elsewhere.",
            ["cache"],
            registry=registry,
        )
        self._load_seconds = Histogram(
            "warmline_cache_load_duration_seconds",
            "Time the origin took, by how it ended.",
            ["cache", "outcome"],
            buckets=_SECONDS,
            registry=registry,
        )
        self._upstream_calls = Counter(
            "warmline_upstream_calls",
            "Calls to a provider, by how they ended: ok, or the error's code.",
            ["upstream", "outcome"],
            registry=registry,
        )
        self._elements_left_out = Counter(
            "warmline_upstream_elements_left_out",
            "Elements of what a provider's function returned that could not be read.",
            ["upstream", "function"],
            registry=registry,
        )
        self._warmed = Counter(
            "warmline_warming_entries",
            "Entries that a warming found or brought, by the layer that had them.",
            ["cache", "source"],
            registry=registry,
        )
        self._left_cold = Counter(
            "warmline_warming_left_cold",
            "Entries that a warming left cold: refused, by its allowance or as a caller would be, or failed.",
            ["cache", "reason"],
            registry=registry,
        )
        self._warming_seconds = Gauge(
            "warmline_warming_duration_seconds", "How long the latest warming took.", registry=registry
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
        self._sessions = Gauge("warmline_sessions", "Voice sessions that are open.", registry=registry)
        self._session_limit = Gauge(
            "warmline_session_limit", "Voice sessions that this worker may hold.", registry=registry
        )
        self._sessions_ended = Counter(
            "warmline_sessions_ended", "Voice sessions that ended, by why.", ["reason"], registry=registry
        )
        self._sessions_refused = Counter(
            "warmline_sessions_refused", "Connections that no session was opened on.", ["reason"], registry=registry
        )
        self._first_audio_seconds = Histogram(
            "warmline_session_first_audio_seconds",
            "From the client's message to the first frame of audio.",
            ["kind"],
            buckets=_SECONDS,
            registry=registry,
        )
        self._interruption_seconds = Histogram(
            "warmline_session_interruption_seconds",
            "From the client's interruption to silence.",
            buckets=_SECONDS,
            registry=registry,
        )
        self._resumed = Counter(
            "warmline_sessions_resumed",
            "Voice sessions that were resumed, by whether the slot that held them before was this one.",
            ["where"],
            registry=registry,
        )
        self._lag_seconds = Histogram(
            "warmline_event_loop_lag_seconds",
            "By how much the event loop was late, four times a second.",
            buckets=_SECONDS,
            registry=registry,
        )
        build = Gauge("warmline_build_info", "1, labelled with what runs here.", ["version"], registry=registry)
        build.labels(version).set(1)
        self._webhooks = Counter(
            "warmline_webhooks", "Webhooks answered, by what became of them.", ["event", "outcome"], registry=registry
        )

    def webhooks(self, events: Sequence[str], outcomes: Sequence[str]) -> Callable[[str, str], None]:
        """What to call with the event and the outcome of every webhook; each pair has a series from now on."""
        series = {(event, outcome): self._webhooks.labels(event, outcome) for event in events for outcome in outcomes}
        return lambda event, outcome: series[event, outcome].inc()

    def begin(self, cache: str) -> None:
        """Show a cache's series from now on."""
        for operation in ("read", "claim", "commit", "decode"):
            self._store_failures.labels(cache, operation)
        for reason in NotStored:
            self._not_stored.labels(cache, reason.value)
        for cause in Removal:
            self._removed.labels(cache, cause.value)
        for outcome in ("ok", "failed"):
            self._load_seconds.labels(cache, outcome)
        for source in Source:
            self._warmed.labels(cache, source.value)
        for why in ("refused", "failed"):
            self._left_cold.labels(cache, why)
        self._streams_lost.labels(cache)

    def begin_sessions(self, ends: Iterable[Enum], kinds: Iterable[str], *, limit: int) -> None:
        """The same for voice sessions: how they may end, what is said in them, and how many may be open at once."""
        self._session_limit.set(limit)
        for end in ends:
            self._sessions_ended.labels(end.name.lower())
            self._sessions_refused.labels(end.name.lower())
        for kind in kinds:
            self._first_audio_seconds.labels(kind)
        for where in ("here", "elsewhere"):
            self._resumed.labels(where)

    def on_store_failure(self, cache: str, operation: str) -> None:
        """See `cache.CacheEvents`."""
        self._store_failures.labels(cache, operation).inc()

    def on_not_stored(self, cache: str, reason: NotStored) -> None:
        """See `cache.CacheEvents`."""
        self._not_stored.labels(cache, reason.value).inc()

    def on_load(self, cache: str, seconds: float, *, failed: bool) -> None:
        """See `cache.CacheEvents`."""
        series = self._load_seconds.labels(cache, "failed" if failed else "ok")
        id_ = request.current.get()
        series.observe(seconds, {"request_id": id_} if id_ else None)

    def on_stream_loss(self, cache: str) -> None:
        """See `cache.CacheEvents`."""
        self._streams_lost.labels(cache).inc()

    def on_removal(self, cache: str, cause: Removal, count: int) -> None:
        """See `cache.CacheEvents`."""
        self._removed.labels(cache, cause.value).inc(count)

    def count_call(self, upstream: str, outcome: str) -> None:
        """A provider was called once; `outcome` is `ok` or the error's code."""
        self._upstream_calls.labels(upstream, outcome).inc()

    def count_left_out(self, upstream: str, function: str, count: int) -> None:
        """So many elements of what a function returned could not be read, and the others were taken."""
        self._elements_left_out.labels(upstream, function).inc(count)

    def on_warm_entry(self, cache: str, source: str) -> None:
        """See `sweep.WarmingEvents`."""
        self._warmed.labels(cache, source).inc()

    def on_cold_entry(self, cache: str, reason: str) -> None:
        """See `sweep.WarmingEvents`."""
        self._left_cold.labels(cache, reason).inc()

    def on_warming_end(self, seconds: float) -> None:
        """See `sweep.WarmingEvents`."""
        self._warming_seconds.set(seconds)

    def count_request(self, route: str, method: str, status: int, seconds: float) -> None:
        """A request was answered; `route` is the template's name, `other` where none matched."""
        self._requests.labels(route, method if method in _METHODS else "other", str(status)).inc()
        self._request_seconds.labels(route).observe(seconds)

    def on_session_open(self) -> None:
        """See `session.events.SessionEvents`."""
        self._sessions.inc()

    def on_session_resumption(self, *, elsewhere: bool) -> None:
        """See `session.events.SessionEvents`."""
        self._resumed.labels("elsewhere" if elsewhere else "here").inc()

    def on_session_end(self, end: Enum) -> None:
        """See `session.events.SessionEvents`."""
        self._sessions.dec()
        self._sessions_ended.labels(end.name.lower()).inc()

    def count_refused_session(self, end: Enum) -> None:
        """A connection was closed before a session was opened on it."""
        self._sessions_refused.labels(end.name.lower()).inc()

    def on_first_audio(self, kind: str, seconds: float) -> None:
        """See `session.events.SessionEvents`."""
        self._first_audio_seconds.labels(kind).observe(seconds)

    def on_interruption(self, seconds: float) -> None:
        """See `session.events.SessionEvents`."""
        self._interruption_seconds.observe(seconds)

    def count_lag(self, seconds: float) -> None:
        """See `lag.Lag`."""
        self._lag_seconds.observe(seconds)
