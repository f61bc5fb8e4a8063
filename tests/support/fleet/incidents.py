"""What may happen to a fleet in a bad week, done to staging on purpose: which panels show it, and who is told."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from tests.support import fleet
from tests.support.fleet import Edge, operations
from tests.support.time.wait import until

CALLERS = fleet.callers(24)


class Shown:
    """A panel of a board, and what must be so of some value that it showed meanwhile, in a series with these labels."""

    def __init__(self, board: str, panel: int, is_so: Callable[[float], bool], **labels: str) -> None:
        self.board, self.panel, self.is_so, self.labels = board, panel, is_so, labels

    def __str__(self) -> str:
        return f"{self.board}, panel {self.panel}, {self.labels or 'any series'}"


@dataclass(frozen=True)
class Incident:
    """Entered, `happens` has begun; left, all is well again."""

    what: str
    happens: Callable[[Edge], AbstractContextManager[None]]
    shown: tuple[Shown, ...]
    alerts: tuple[str, ...] = ()
    """All that may and must be told while it lasts."""
    after: tuple[str, ...] = ()
    """The same, once it is over."""
    seconds: int = 60
    """Longest that this may take: the alerts' `for`, three scrapes, and what Alertmanager waits to group."""


def some(value: float) -> bool:
    """More than nothing."""
    return value > 0


def none(value: float) -> bool:
    """Nothing at all."""
    return value == 0


def lately(milliseconds: float) -> bool:
    """A time of which Grafana would say that it was just now."""
    return milliseconds / 1000 > time.time() - 600


def ask(edge: Edge, question: str) -> None:
    """All callers at once."""
    with ThreadPoolExecutor(len(CALLERS)) as callers:
        for answer in callers.map(lambda caller: edge.get("answer", question, caller=caller), CALLERS):
            answer.raise_for_status()


@contextmanager
def cold_start(edge: Edge) -> Iterator[None]:
    """A worker begins anew, and everybody forgets."""
    worker, host, began = fleet.slot("agent-1", 1), fleet.host("agent-1"), time.time()
    host.check_output("docker restart %s", worker["container"])
    # What it counts before it was scraped once may be what its predecessor had counted: no increase.
    anew = f'process_start_time_seconds{{slot="{worker["name"]}"}} > {began}'
    until(lambda: fleet.query(anew), seconds=60, what="the worker, and Prometheus to see it")
    operations.done(operations.make("forget", ORGANISATION="sahyadri", KNOWLEDGE="1"))
    ask(edge, "What is knee pain?")
    yield


@contextmanager
def hot_key(edge: Edge) -> Iterator[None]:
    """Everybody asks at once what nobody has asked before."""
    ask(edge, f"What happened at {time.time()}?")
    yield


@contextmanager
def deploy(edge: Edge) -> Iterator[None]:
    """A setting is changed and taken back."""
    setting = ["--extra-vars", "rollout_kind=deploy", "--extra-vars", '{"agent_settings": {"cache_rag_ttl": 78}}']
    operations.done(operations.rollout("rollout", *setting))
    ask(edge, "When are you open?")
    operations.done(operations.make("rollback"))
    ask(edge, "When are you open?")
    yield


@contextmanager
def stopped(name: str, container: str) -> Iterator[None]:
    """It is not there, and nobody starts it."""
    host = fleet.host(name)
    host.check_output("docker kill %s", container)
    try:
        yield
    finally:
        host.check_output("docker start %s", container)


@contextmanager
def redis_killed(edge: Edge) -> Iterator[None]:
    """The caches' Redis is gone and comes back empty; callers go on."""
    with stopped("redis-1", "warmline-redis-cache"):
        ask(edge, f"What is gout, at {time.time()}?")
        yield
        ask(edge, f"What is gout, at {time.time()}?")
    until(lambda: not fleet.query("warmline_redis_believed == 0"), seconds=60, what="workers to believe Redis again")


def worker_stopped(_: Edge) -> AbstractContextManager[None]:
    """Behind everybody's back."""
    return stopped("agent-1", fleet.slot("agent-1", 1)["container"])


def edge_stopped(_: Edge) -> AbstractContextManager[None]:
    """The second one's nginx."""
    return stopped("edge-2", "warmline-nginx")


@contextmanager
def strange_webhooks(edge: Edge) -> Iterator[None]:
    """Somebody sends what is not signed, for as long as two scrapes take to see that there is more and more of it."""
    sent: list[int] = []

    def more() -> bool:
        sent.append(edge.ask("POST", "/v1/webhooks/knowledge-updated", content=b"{}").status_code)
        return bool(fleet.query('sum(increase(warmline_webhooks_total{outcome="unsigned"}[10m])) > 6'))

    until(more, seconds=60, what="Prometheus to count them")
    assert {*sent} <= {401, 429}
    yield


DEPLOY = Incident(
    "a deploy and its rollback",
    deploy,
    shown=(
        Shown("deploys", 3, some, colour="blue"),
        Shown("deploys", 3, some, colour="green"),
        Shown("deploys", 4, some),
        Shown("deploys", 5, some),
        Shown("deploys", 7, some, host="edge-1"),
        Shown("deploys", 7, some, host="edge-2"),
        Shown("deploys", 12, lately, kind="deploy", outcome="done"),
        Shown("deploys", 12, lately, kind="rollback", outcome="done"),
    ),
)

INCIDENTS = (
    Incident(
        "a hot key",
        hot_key,
        shown=(
            Shown("caches", 2, some, cache="rag", source="joined"),
            Shown("caches", 3, some, source="joined"),
        ),
    ),
    Incident(
        "a cold start",
        cold_start,
        shown=(
            Shown("caches", 1, lambda ratio: ratio < 1, cache="rag"),
            Shown("caches", 8, some, cache="rag", outcome="ok"),
            Shown("deploys", 10, some),
            Shown("deploys", 11, some, slot="agent-1/1"),
            Shown("invalidation", 4, some, outcome="acknowledged"),
            Shown("invalidation", 8, some, slot="agent-2/2"),
        ),
    ),
    DEPLOY,
    Incident(
        "the Redis of the caches is killed",
        redis_killed,
        shown=(
            Shown("redis", 1, none),
            Shown("redis", 2, some, redis="cache"),
            Shown("caches", 11, some, operation="read"),
        ),
        alerts=("RedisDown",),
        after=("RedisRestarted",),
        seconds=120,
    ),
    Incident(
        "a worker is stopped",
        worker_stopped,
        shown=(Shown("overview", 4, lambda workers: workers == 3), Shown("overview", 13, none, job="workers")),
        alerts=("WorkerDown",),
        seconds=90,
    ),
    Incident(
        "an edge stops answering",
        edge_stopped,
        shown=(Shown("edge", 1, none), Shown("edge", 2, none, probe="edge")),
        alerts=("EdgeDoesNotAnswer",),
        seconds=120,
    ),
    Incident(
        "somebody sends webhooks that are not signed",
        strange_webhooks,
        shown=(Shown("invalidation", 7, some, outcome="unsigned"),),
        alerts=("WebhooksRefused",),
        seconds=120,
    ),
)
