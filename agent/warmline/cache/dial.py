"""Where Redis is: a URL → unconnected connections, single server or the master that Sentinels name.

    redis://[user@]host[:port][/database]
    rediss://...                                            the same over TLS
    redis+sentinel://[user@]host[:port][,host[:port]...]/service[/database]

Passwords come apart, from files. RESP3 is spoken, for pushes; redis-py's own timeouts, retries and health checks are
off, because `server.py` bounds every call and `link.py` decides when to dial again.
"""

from collections.abc import Callable
from typing import Any
from urllib.parse import unquote, urlsplit

from redis.asyncio.connection import AbstractConnection, ConnectionPool, SSLConnection
from redis.asyncio.sentinel import Sentinel, SentinelConnectionPool
from redis.maint_notifications import MaintNotificationsConfig

Dial = Callable[[], AbstractConnection]

SCHEMES = ("redis", "rediss", "redis+sentinel")
_SENTINEL_PORT = 26379


def dialler(url: str, *, password: str | None, timeout: float) -> Dial:
    """Makes connections to `url`; `timeout` bounds each TCP connect in seconds. Raises ValueError for a bad URL."""
    parts = urlsplit(url)
    if parts.scheme not in SCHEMES or not parts.netloc:
        raise ValueError(f"must begin with {', '.join(f'{scheme}://' for scheme in SCHEMES)}")
    options: dict[str, Any] = {
        "username": unquote(parts.username) if parts.username else None,
        "password": password,
        "protocol": 3,
        "socket_timeout": None,
        "socket_connect_timeout": timeout,
        "socket_keepalive": True,
        "decode_responses": False,
        "maint_notifications_config": MaintNotificationsConfig(enabled=False),
    }
    if parts.scheme == "redis+sentinel":
        return _sentinel(parts.netloc, parts.path, timeout=timeout, **options)
    if parts.scheme == "rediss":
        options["connection_class"] = SSLConnection
    database = int(parts.path.strip("/") or 0)
    pool = ConnectionPool(host=parts.hostname, port=parts.port or 6379, db=database, **options)
    return pool.make_connection


def _sentinel(netloc: str, path: str, *, timeout: float, **options: Any) -> Dial:
    service, _, database = path.strip("/").partition("/")
    if not service:
        raise ValueError("must name the service that the Sentinels watch: redis+sentinel://host/service")
    hosts = [_host_and_port(host) for host in netloc.rpartition("@")[2].split(",")]
    reach = {"socket_timeout": timeout, "socket_connect_timeout": timeout}
    sentinel = Sentinel(hosts, sentinel_kwargs=reach)  # type: ignore[no-untyped-call]  # redis-py
    pool = SentinelConnectionPool(service, sentinel, db=int(database or 0), **options)  # type: ignore[no-untyped-call]
    return pool.make_connection


def _host_and_port(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    return (host, int(port)) if host and port.isdigit() else (text, _SENTINEL_PORT)
