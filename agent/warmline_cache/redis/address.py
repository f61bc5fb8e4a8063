"""A Redis URL, read as redis-py reads it, or refused by the name of what is wrong: nothing is dropped silently. Pure.

    redis://[user@]host[:port][/database][?option=value&...]
    rediss://...                                            the same over TLS
    redis+sentinel://[user@]host[:port][,host[:port]...]/service[/database]

Options are redis-py's `db`, `username`, `client_name` and, over TLS, those that begin with `ssl_`. Its timeouts,
retries, pool and protocol are decided here, and passwords come apart, from files.
"""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from redis.asyncio.connection import URL_QUERY_ARGUMENT_PARSERS

SCHEMES = ("redis", "rediss", "redis+sentinel")
SENTINEL_PORT = 26379
_PORT = 6379

_OPTIONS = frozenset({"db", "username", "client_name"})
_TLS_OPTIONS = frozenset(
    {
        "ssl_ca_certs",
        "ssl_ca_data",
        "ssl_ca_path",
        "ssl_cert_reqs",
        "ssl_certfile",
        "ssl_check_hostname",
        "ssl_ciphers",
        "ssl_exclude_verify_flags",
        "ssl_include_verify_flags",
        "ssl_keyfile",
        "ssl_min_version",
    }
)
_FILES = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")


@dataclass(frozen=True, slots=True)
class Address:
    """`hosts` with their ports: one server, or the Sentinels of `service`. `options` are for redis-py's connection."""

    scheme: str
    hosts: tuple[tuple[str, int], ...]
    service: str = ""
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def files(self) -> dict[str, str]:
        """Those that the options name, by option."""
        return {name: self.options[name] for name in _FILES if name in self.options}


def read(url: str) -> Address:
    """The address in a URL. Raises ValueError, which names what is wrong and repeats nothing else of it."""
    parts = urlsplit(url)
    if parts.scheme not in SCHEMES or not parts.netloc:
        raise ValueError(f"must begin with {', '.join(f'{scheme}://' for scheme in SCHEMES)}")
    if parts.fragment or url.endswith("#"):
        raise ValueError("must have no fragment (#): nothing reads it")
    options = _options(parts)
    if parts.username:
        options["username"] = unquote(parts.username)
    service, path = "", unquote(parts.path).strip("/")
    if parts.scheme == "redis+sentinel":
        service, _, path = path.partition("/")
        if not service:
            raise ValueError("must name the service that the Sentinels watch: redis+sentinel://host/service")
    options["db"] = _database(path, options.get("db"))
    return Address(parts.scheme, _hosts(parts), service, options)


def _options(parts: SplitResult) -> dict[str, Any]:
    allowed = _OPTIONS | _TLS_OPTIONS if parts.scheme == "rediss" else _OPTIONS
    options: dict[str, Any] = {}
    for name, text in _pairs(parts.query):
        if name not in allowed:
            raise ValueError(f"option {name!r} {_why_not(name)}")
        if name in options:
            raise ValueError(f"option {name!r} stands twice")
        options[name] = _value(name, text)
    return options


def _pairs(query: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(query, keep_blank_values=True, strict_parsing=True) if query else []
    except ValueError:
        raise ValueError("options must be written name=value, with & between them") from None


def _why_not(name: str) -> str:
    if name in _TLS_OPTIONS:
        return "is for rediss:// alone"
    if "password" in name:
        return "must not stand here: passwords come from files"
    if name in URL_QUERY_ARGUMENT_PARSERS:
        return "cannot be set: the worker decides it"
    return f"is none of {', '.join(sorted(_OPTIONS))}, and over rediss:// {', '.join(sorted(_TLS_OPTIONS))}"


def _value(name: str, text: str) -> Any:
    """As redis-py reads it; a text where it has no rule."""
    read_as = URL_QUERY_ARGUMENT_PARSERS.get(name, str)
    try:
        value = read_as(text) if text else None
    except (TypeError, ValueError):
        value = None
    if value is None or (name == "ssl_cert_reqs" and value not in {"none", "optional", "required"}):
        raise ValueError(f"option {name!r} has a value that cannot be read")
    return value


def _database(path: str, option: int | None) -> int:
    if path and not (path.isascii() and path.isdigit()):
        raise ValueError("the database in the path must be a whole number")
    if option is not None and option < 0:
        raise ValueError("option 'db' must not be negative")
    if path and option is not None and int(path) != option:
        raise ValueError("option 'db' and the path name two databases")
    return int(path or 0) if option is None else option


def _hosts(parts: SplitResult) -> tuple[tuple[str, int], ...]:
    where = parts.netloc.rpartition("@")[2]
    if parts.scheme == "redis+sentinel":
        return tuple(_host(text, SENTINEL_PORT) for text in where.split(","))
    return (_host(where, _PORT),)


def _host(text: str, default: int) -> tuple[str, int]:
    """`host`, `host:port`, and the same with an IPv6 address in brackets."""
    parts = urlsplit(f"//{text}")
    port = default if parts.port is None else parts.port
    if not parts.hostname or not 0 < port < 65536 or text.endswith(":"):
        raise ValueError("each host must be written host or host:port")
    return unquote(parts.hostname), port
