"""What can go wrong with a fleet, how to make it happen on staging, and which alerts should say so."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Incident:
    """`begin` and `end` are commands on `host`, `{worker}` in them the container that serves agent-1/1."""

    what: str
    host: str
    begin: str
    end: str
    expected: tuple[str, ...]
    seconds: int
    """Longest that the expected alerts may take: their `for`, three scrapes, and what Alertmanager waits to group."""


INCIDENTS = (
    Incident(
        "a worker is stopped behind everybody's back",
        "agent-1",
        "docker stop --time 1 {worker}",
        "docker start {worker}",
        ("WorkerDown",),
        90,
    ),
    Incident(
        "the Redis of the caches is gone, then comes back empty",
        "redis-1",
        "docker stop warmline-redis-cache",
        "docker start warmline-redis-cache",
        ("RedisDown", "RedisBreakerOpen"),
        180,
    ),
    Incident(
        "an edge stops answering",
        "edge-2",
        "docker stop --time 1 warmline-nginx",
        "docker start warmline-nginx",
        ("EdgeDoesNotAnswer",),
        120,
    ),
    Incident(
        "somebody sends webhooks without a signature",
        "edge-1",
        "for _ in 1 2 3 4 5 6 7 8; do curl --insecure --silent --output /dev/null --request POST --data '{{}}'"
        " https://{address}/v1/webhooks/knowledge-updated; sleep 3; done",
        "true",
        ("WebhooksRefused",),
        120,
    ),
)
