"""The one table from errors to HTTP: status, stable code, and what the caller is told."""

import math

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse

from warmline import errors
from warmline_cache.errors import InvalidationFailed, UpstreamError, UpstreamUnavailable, WarmlineError

_log = structlog.get_logger(__name__)

STATUS: dict[type[WarmlineError], int] = {
    errors.Unauthenticated: 401,
    errors.NotFound: 404,
    errors.NotAcceptable: 406,
    errors.TooLarge: 413,
    errors.UnsupportedMedia: 415,
    errors.LimitReached: 429,
    errors.CallerError: 400,
    UpstreamUnavailable: 503,
    errors.UpstreamExhausted: 503,
    errors.UpstreamRejected: 502,
    UpstreamError: 502,
    InvalidationFailed: 503,
    WarmlineError: 500,
}

_HTTP_CODES = {404: "not_found", 405: "method_not_allowed"}


def status_of(error: WarmlineError) -> int:
    """The status of the nearest class in the table."""
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


async def caller_error(request: Request, error: Exception) -> JSONResponse:
    """4xx: the field is named, nothing of the request is repeated."""
    assert isinstance(error, errors.CallerError)
    response = _body(status_of(error), error.code, error.message, field=error.field)
    if isinstance(error, errors.Unauthenticated):
        webhook = isinstance(error, errors.WebhookRefused)
        response.headers["WWW-Authenticate"] = "Webhook-Signature" if webhook else "Bearer"
    if isinstance(error, errors.LimitReached):
        response.headers["Retry-After"] = str(max(1, math.ceil(error.retry_after)))
    return response


async def upstream_error(request: Request, error: Exception) -> JSONResponse:
    """502 or 503: the provider is named to the caller; its words go to the log alone."""
    assert isinstance(error, UpstreamError)
    _log.warning("upstream_failed", upstream=error.upstream, code=error.code, detail=error.detail, **_context(request))
    response = _body(status_of(error), error.code, errors.blame_provider(error), upstream=error.upstream)
    if response.status_code == 503:
        response.headers["Retry-After"] = "1"
    return response


async def not_invalidated(request: Request, error: Exception) -> JSONResponse:
    """503: nothing is half done that harms, so whoever asked asks again."""
    _log.warning("not_invalidated", detail=str(error), **_context(request))
    response = _body(503, InvalidationFailed.code, "it cannot be promised that every worker has forgotten")
    response.headers["Retry-After"] = "1"
    return response


async def http_error(request: Request, error: Exception) -> JSONResponse:
    """What the router refuses: an unknown path, a method that the path does not have."""
    assert isinstance(error, HTTPException)
    code = _HTTP_CODES.get(error.status_code, "bad_request")
    response = _body(error.status_code, code, error.detail)
    response.headers.update(error.headers or {})
    return response


async def our_error(request: Request, error: Exception) -> JSONResponse:
    """500: logged with its context and traceback; the caller gets the request's id to quote."""
    _log.error("request_failed", exc_info=error, **_context(request))
    return _body(500, "internal_error", errors.WORKER_FAILED, request_id=_request_id(request))


def _body(status: int, code: str, message: str, **more: str | None) -> JSONResponse:
    said = {name: value for name, value in more.items() if value is not None}
    return JSONResponse({"error": {"code": code, "message": message, **said}}, status_code=status)


def _context(request: Request) -> dict[str, str]:
    return {"method": request.method, "path": str(request.scope["path"]), "request_id": _request_id(request)}


def _request_id(request: Request) -> str:
    return request.headers.get("x-request-id", "")[:64]


HANDLERS = {
    errors.CallerError: caller_error,
    UpstreamError: upstream_error,
    InvalidationFailed: not_invalidated,
    HTTPException: http_error,
    Exception: our_error,
}
