"""What a Redis server said, fit for a log: its own words, and nothing that it was told."""

from redis.exceptions import RedisError, ResponseError

from warmline_cache.errors import StoreRefused, StoreUnavailable

_ECHO = ", with args beginning with"
_LENGTH = 200


def quote(error: BaseException) -> str:
    """Quote an error of Redis in at most 200 characters, its code (NOPERM, OOM) first, which redis-py takes off.

    What the server repeats of the command is left out, because a password may stand there.
    """
    words = str(error).partition(_ECHO)[0].strip() or type(error).__name__
    code = _code(error)
    return (f"{code} {words}" if code and not words.startswith(code) else words)[:_LENGTH]


def unavailable(error: BaseException) -> StoreUnavailable:
    """The error of ours for one of redis-py's or the system's: StoreRefused if the server answered it."""
    answered = isinstance(error, ResponseError) or _code(error)
    return StoreRefused(quote(error)) if answered else StoreUnavailable(quote(error))


def _code(error: BaseException) -> str:
    """Of an error that the server answered, where redis-py knows one; some of these are connection errors to it."""
    code = error.status_code if isinstance(error, RedisError) else None
    return "" if code in {None, "ERR"} else str(code)
