"""Whose fault a loader's error is.

A loader is to raise UpstreamError for what its provider did. An operating system's error that comes through all the
same (a refused connection, a name that does not resolve, a socket's timeout) is the provider's too: a value past its
time may stand in, and the caller hears that the provider failed. Anything else that is no WarmlineError is a fault of
ours: nothing stands in for it, and it is logged with its trace wherever it ends, for nobody may be left to hear it.
"""

import contextlib
from collections.abc import Iterator

import structlog

from warmline_cache.errors import UpstreamUnavailable, WarmlineError

_log = structlog.get_logger(__name__)


@contextlib.contextmanager
def blame(name: str) -> Iterator[None]:
    """Raise UpstreamUnavailable, which names the cache `name`, in place of an OSError of the block."""
    try:
        yield
    except OSError as error:
        _log.warning("load_broke_off", cache=name, exc_info=error)
        raise UpstreamUnavailable(name, f"{type(error).__name__}: {error}") from error


@contextlib.contextmanager
def confess(name: str) -> Iterator[None]:
    """Log an error of the block that is a fault of ours, with the cache `name`, and let the error pass."""
    try:
        yield
    except WarmlineError:
        raise
    except Exception as error:
        _log.error("load_failed", cache=name, exc_info=error)
        raise
