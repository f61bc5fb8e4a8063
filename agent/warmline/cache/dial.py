"""Where Redis is: a URL → connections to a single server, or to the master that Sentinels name.

    redis://[user@]host[:port][/database]
    rediss://...                                            the same over TLS
    redis+sentinel://[user@]host[:port][,host[:port]...]/service[/database]

Passwords come apart, from files. RESP3 is spoken, for pushes; redis-py's own timeouts, retries and health checks are
off, because `server.py` bounds every call and `link.py` decides when to dial again.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from redis.asyncio.sentinel import Sentinel
from redis.maint_notifications import MaintNotificationsConfig

from warmline.cache.wire import TcpWire, TlsWire, Wire

Dial = Callable[[], Awaitable[Wire]]
"""A new connection, connected and authenticated. Raises what redis-py raises, and OSError."""

SCHEMES = ("redis", "rediss", "redis+sentinel")
_SENTINEL_PORT = 26379


def dialler(url: str, *, password: str | None, timeout: float) -> Dial:
    """Makes connections to `url`; `timeout` bounds each TCP connect in seconds. Raises ValueError for a bad URL."""
    parts = urlsplit(url)
    if parts.scheme not in SCHEMES or not parts.netloc:
        raise ValueError(f"must begin with {', '.join(f'{scheme}://' for scheme in SCHEMES)}")
    options = _options(parts, password, timeout)
    if parts.scheme == "redis+sentinel":
        return _by_sentinel(parts, timeout, options)
    kind = TlsWire if parts.scheme == "rediss" else TcpWire
    where = {"host": parts.hostname, "port": parts.port or 6379, "db": int(parts.path.strip("/") or 0)}
    return lambda: _connected(kind, {**where, **options})


def _options(parts: SplitResult, password: str | None, timeout: float) -> dict[str, Any]:
    return {
        "username": unquote(parts.username) if parts.username else None,
        "password": password,
        "protocol": 3,
        "socket_timeout": None,
        "socket_connect_timeout": timeout,
        "socket_keepalive": True,
        "maint_notifications_config": MaintNotificationsConfig(enabled=False),
    }


async def _connected(kind: type[Wire], options: dict[str, Any]) -> Wire:
    connection = kind(**options)
    try:
        await connection.connect()  # type: ignore[no-untyped-call]  # redis-py
    except BaseException:
        await connection.disconnect(nowait=True)
        raise
    return connection


def _by_sentinel(parts: SplitResult, timeout: float, options: dict[str, Any]) -> Dial:
    service, _, database = parts.path.strip("/").partition("/")
    if not service:
        raise ValueError("must name the service that the Sentinels watch: redis+sentinel://host/service")
    hosts = [_host_and_port(host) for host in parts.netloc.rpartition("@")[2].split(",")]
    reach = {"socket_timeout": timeout, "socket_connect_timeout": timeout}

    async def dial() -> Wire:
        sentinel = Sentinel(hosts, sentinel_kwargs=reach)  # type: ignore[no-untyped-call]  # redis-py
        try:
            host, port = await sentinel.discover_master(service)
        finally:
            await asyncio.gather(*(each.aclose() for each in sentinel.sentinels))
        return await _connected(TcpWire, {**options, "host": host, "port": port, "db": int(database or 0)})

    return dial


def _host_and_port(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    return (host, int(port)) if host and port.isdigit() else (text, _SENTINEL_PORT)
