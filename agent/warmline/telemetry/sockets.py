"""The metrics of warm sockets and of what speech costs, declared once. The registry is handed in."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from warmline.pool import Loss, Pool, SocketShare, Why

_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2, 3)


class PoolMetrics:
    """See `pool.PoolEvents`; every series is there from the start, so that rates begin at nought. `account` is how
    many sockets the provider's account may have open at once."""

    def __init__(self, registry: CollectorRegistry, *, account: int) -> None:
        self._registry = registry
        limit = Gauge(
            "warmline_socket_account_limit", "Sockets that all workers together may have open.", registry=registry
        )
        limit.set(account)
        self._handshakes = Histogram(
            "warmline_socket_handshake_duration_seconds",
            "Time to open a socket to the speech provider, by how it ended.",
            ["outcome"],
            buckets=_SECONDS,
            registry=registry,
        )
        self._leases = Counter(
            "warmline_socket_leases",
            "Utterances that asked for a socket: `warm` found one and made no handshake, `opened` had to wait for one, "
            "`none` got none.",
            ["found"],
            registry=registry,
        )
        self._closed = Counter(
            "warmline_socket_closed", "Sockets that the worker closed, by cause.", ["cause"], registry=registry
        )
        self._lost = Counter(
            "warmline_socket_lost",
            "Sockets that ended by themselves, by how; `deaf` took no ping, `silent` answered no heartbeat.",
            ["how"],
            registry=registry,
        )
        self._budget = Gauge(
            "warmline_socket_budget",
            "Sockets that this worker may open: its share now, and what would be fair.",
            ["kind"],
            registry=registry,
        )
        self._characters = Counter(
            "warmline_speech_characters",
            "Characters that the speech provider spoke, and bills.",
            ["transport"],
            registry=registry,
        )
        self._begin()

    def _begin(self) -> None:
        for outcome in ("ok", "failed"):
            self._handshakes.labels(outcome)
        for found in ("warm", "opened", "none"):
            self._leases.labels(found)
        for why in Why:
            self._closed.labels(why.value)
        for loss in Loss:
            self._lost.labels(loss.value)
        for kind in ("share", "fair"):
            self._budget.labels(kind)
        for transport in ("socket", "rest"):
            self._characters.labels(transport)

    def watch(self, pool: Pool) -> None:
        """Show the sockets of a pool from now on."""
        self._registry.register(_Sockets(pool))

    def on_handshake(self, seconds: float, *, failed: bool) -> None:
        """See `PoolEvents`."""
        self._handshakes.labels("failed" if failed else "ok").observe(seconds)

    def on_lease(self, *, warm: bool) -> None:
        """See `PoolEvents`."""
        self._leases.labels("warm" if warm else "opened").inc()

    def on_refusal(self) -> None:
        """See `PoolEvents`."""
        self._leases.labels("none").inc()

    def on_close(self, why: Why) -> None:
        """See `PoolEvents`."""
        self._closed.labels(why.value).inc()

    def on_loss(self, loss: Loss) -> None:
        """See `PoolEvents`."""
        self._lost.labels(loss.value).inc()

    def on_allowance(self, allowance: SocketShare) -> None:
        """See `PoolEvents`."""
        self._budget.labels("share").set(allowance.sockets)
        self._budget.labels("fair").set(allowance.fair)

    def count_characters(self, transport: str, characters: int) -> None:
        """See `upstream.sarvam.OnSpeech`."""
        self._characters.labels(transport).inc(characters)


class _Sockets(Collector):
    """Asks the pool when scraped."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def collect(self) -> Iterable[GaugeMetricFamily]:
        family = GaugeMetricFamily("warmline_sockets", "Sockets to the speech provider, by state.", labels=["state"])
        for state, count in self._pool.counts().items():
            family.add_metric([state.value], count)
        yield family
        yield GaugeMetricFamily(
            "warmline_socket_oldest_seconds", "Age of the oldest open socket.", value=self._pool.oldest()
        )
        yield GaugeMetricFamily(
            "warmline_socket_waiting", "Utterances that wait for a socket.", value=self._pool.count_waiting()
        )
