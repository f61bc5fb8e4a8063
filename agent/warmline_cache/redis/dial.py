"""Where Redis is: a URL (`address.py`) → connections to a single server, or to the master that Sentinels name.

RESP3 is spoken, for pushes; redis-py's own timeouts, retries and health checks are off, because `server.py` bounds
every call and `link.py` decides when to dial again.
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from redis.asyncio.sentinel import Sentinel
from redis.maint_notifications import MaintNotificationsConfig

from warmline_cache.redis import address
from warmline_cache.redis.address import Address
from warmline_cache.redis.wire import TcpWire, TlsWire, Wire

Dial = Callable[[], Awaitable[Wire]]
"""A new connection, connected and authenticated. Raises what redis-py raises, and OSError."""


def dialler(url: str, *, password: str | None, timeout: float) -> Dial:
    """Makes connections to `url`; `timeout` bounds each TCP connect in seconds. Raises ValueError for a bad URL, or one
    that names a file that is not there."""
    where = address.read(url)
    for name, file in where.files.items():
        if not Path(file).is_file():
            raise ValueError(f"option {name!r}: there is no file {file}")
    options = {**where.options, **_ours(password, timeout)}
    if where.scheme == "redis+sentinel":
        return _by_sentinel(where, timeout, options)
    kind = TlsWire if where.scheme == "rediss" else TcpWire
    ((host, port),) = where.hosts
    return lambda: _connect(kind, {"host": host, "port": port, **options})


def _ours(password: str | None, timeout: float) -> dict[str, Any]:
    return {
        "password": password,
        "protocol": 3,
        "socket_timeout": None,
        "socket_connect_timeout": timeout,
        "socket_keepalive": True,
        "maint_notifications_config": MaintNotificationsConfig(enabled=False),
    }


async def _connect(kind: type[Wire], options: dict[str, Any]) -> Wire:
    connection = kind(**options)
    try:
        await connection.connect()  # type: ignore[no-untyped-call]  # redis-py
    except BaseException:
        await connection.disconnect(nowait=True)
        raise
    return connection


def _by_sentinel(where: Address, timeout: float, options: dict[str, Any]) -> Dial:
    reach = {"socket_timeout": timeout, "socket_connect_timeout": timeout}

    async def dial() -> Wire:
        sentinel = Sentinel(list(where.hosts), sentinel_kwargs=reach)  # type: ignore[no-untyped-call]  # redis-py
        try:
            host, port = await sentinel.discover_master(where.service)
        finally:
            await asyncio.gather(*(each.aclose() for each in sentinel.sentinels))
        return await _connect(TcpWire, {**options, "host": host, "port": port})

    return dial
