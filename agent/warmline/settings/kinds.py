"""Types of settings beside numbers: URLs of which no part is dropped, ports, and names."""

import re
from typing import Annotated
from urllib.parse import urlsplit

from annotated_types import Ge, Le
from pydantic import AfterValidator, BeforeValidator

from warmline_cache.redis.dial import dialler


def _url(*schemes: str, query: bool = False) -> AfterValidator:
    """Make a check that refuses a URL if the worker would drop a part of it. The check raises ValueError.

    `query` says whether the URL may have a query. A URL to which the worker adds a path may have none.
    """

    def check(value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in schemes or not parts.hostname:
            raise ValueError(f"must begin with {' or '.join(f'{s}://' for s in schemes)} and name a host")
        if not _HOST.fullmatch(parts.hostname) or not value.isprintable():
            raise ValueError("must name a host in letters, digits, dots and dashes, or by its address")
        if parts.port == 0:
            raise ValueError("port 0 is none")
        if parts.username is not None:
            raise ValueError("must hold no user and no password: keys come from files")
        if "#" in value or (not query and "?" in value):
            raise ValueError("must have no query (?) and no fragment (#)")
        return value

    return AfterValidator(check)


def _redis_url(value: str) -> str:
    dialler(value, password=None, timeout=1)
    return value


def _names(value: object) -> object:
    return tuple(filter(None, map(str.strip, value.split(",")))) if isinstance(value, str) else value


def _plain(names: tuple[str, ...]) -> tuple[str, ...]:
    if odd := [name for name in names if not _NAME.fullmatch(name)]:
        raise ValueError(f"names with commas between them, without quotes or brackets: not {odd[0]!r}")
    return names


_HOST = re.compile(r"[A-Za-z0-9._:%-]+")
_NAME = re.compile(r"\*|[A-Za-z0-9][A-Za-z0-9._:/-]*")

HttpUrl = Annotated[str, _url("http", "https")]
WebSocketUrl = Annotated[str, _url("ws", "wss", query=True)]
RedisUrl = Annotated[str, AfterValidator(_redis_url)]
Port = Annotated[int, Ge(1), Le(65535)]
Names = Annotated[tuple[str, ...], BeforeValidator(_names), AfterValidator(_plain)]
"""Names with commas between them."""
