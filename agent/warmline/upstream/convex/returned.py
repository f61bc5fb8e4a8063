"""What an answer of Convex' says: the value of the function, or whose fault it is that there is none. No I/O.

Protocol: success is `{"status": "success", "value"}`; a function that threw is `{"status": "error", "errorMessage",
"errorData"?}` with status 200 today and 560 historically; the infrastructure's own errors are `{"code", "message"}`
with any other status. docs/integrate/data-provider.md says what the functions return.
"""

from typing import Any, TypeVar

import msgspec
import structlog

from warmline.errors import FunctionFailed, UpstreamRejected
from warmline.upstream import decoding
from warmline.upstream.convex.fitted import Fitted, fit_value
from warmline_cache.errors import UpstreamUnavailable

T = TypeVar("T")

NAME = "convex"

LONGEST_DETAIL = 500
"""Characters of a customer's words that go to the log, at each failure."""

_LONGEST_KEPT = 64 * 1024
"""Bytes of an answer whose `errorData` is handed on: an error may live long."""

_RETRYABLE = {429, 500, 502, 503, 504}
_log = structlog.get_logger(__name__)


class _Answer(msgspec.Struct):
    """What of an answer is looked at: each may be missing, or of any shape."""

    status: Any = None
    value: Any = None
    error_message: Any = msgspec.field(default=None, name="errorMessage")
    error_data: Any = msgspec.field(default=None, name="errorData")
    code: Any = None
    message: Any = None


def read_answer(path: str, status: int, raw: bytes, returns: type[T]) -> Fitted[T | None]:
    """What the function at `path` returned, as `returns`; None for null. Raises UpstreamError, whatever `raw` is."""
    value = _value(path, status, raw)
    if value is None:
        return Fitted(None, ())
    try:
        found = fit_value(value, returns)
    except msgspec.ValidationError as error:
        raise unreadable(path, str(error)) from error
    return Fitted(found.value, found.left_out)


def unreadable(path: str, detail: str) -> UpstreamRejected:
    """The error for an answer that says nothing. Its field is in the log, whether a stale value stands in or not."""
    _log.warning("answer_unreadable", upstream=NAME, function=path, detail=detail)
    return UpstreamRejected(NAME, f"{path}: {detail}")


def _value(path: str, status: int, raw: bytes) -> Any:
    try:
        answer = decoding.decode(raw, _Answer, upstream=NAME, what=f"HTTP {status}")
    except UpstreamRejected as error:
        if status in _RETRYABLE:
            raise UpstreamUnavailable(NAME, f"{path}: HTTP {status}, not a Convex answer") from error
        raise unreadable(path, error.detail) from error
    if answer.status == "success":
        return answer.value
    if answer.status == "error":
        detail = f"{path}: {_text(answer.error_message)}"[:LONGEST_DETAIL]
        raise FunctionFailed(NAME, detail, data=answer.error_data if len(raw) <= _LONGEST_KEPT else None)
    problem = UpstreamUnavailable if status in _RETRYABLE else UpstreamRejected
    detail = f"{path}: HTTP {status} {_text(answer.code)} {_text(answer.message)}".rstrip()
    raise problem(NAME, detail[:LONGEST_DETAIL])


def _text(said: object) -> str:
    return said if isinstance(said, str) else ""
