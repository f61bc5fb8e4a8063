"""What httptools says of a request, in our words."""

import re
from urllib.parse import unquote

import httptools
import structlog

from warmline.connection import refusal
from warmline.connection.refusal import RequestRefused

_METHOD = re.compile(rb"[A-Z-]+ /")
_OF_THE_URL = (httptools.HttpParserInvalidURLError, UnicodeDecodeError)
_log = structlog.get_logger(__name__)


def target(url: bytes) -> tuple[str, bytes, bytes]:
    """Path, path as written and query of a request's target. Raises HttpParserInvalidURLError or UnicodeDecodeError."""
    found = httptools.parse_url(url)
    raw = found.path or b"/"  # of an absolute URL it may be missing
    return unquote(raw.decode("ascii")), raw, found.query or b""


def path(url: bytes) -> str:
    """The path of a request's target; empty where it is none."""
    try:
        return target(url)[0]
    except _OF_THE_URL:
        return ""


def origin_form(url: bytes) -> bytes:
    """A target without the scheme and host that it may have (RFC 9112, 3.2.2). Raises what `target` does."""
    _, raw, query = target(url)
    return raw + b"?" + query if query else raw


def refuse(error: httptools.HttpParserError, data: bytes) -> RequestRefused:
    """What is said to data in which the parser found an error; whatever is no fault of the data is logged as ours."""
    cause = error.__context__
    if isinstance(cause, RequestRefused):
        return cause
    if isinstance(error, httptools.HttpParserInvalidMethodError) and _METHOD.match(data):
        return RequestRefused(refusal.NO_METHOD)
    if isinstance(error, httptools.HttpParserCallbackError) and not isinstance(cause, _OF_THE_URL):
        _log.error("request_failed", exc_info=error)
        return RequestRefused(refusal.FAILED)
    return RequestRefused(refusal.NOT_HTTP)
