"""Counts and times every request, by route and never by path."""

from collections.abc import Callable

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from warmline.telemetry import request
from warmline.telemetry.counters import Metrics
from warmline_cache.errors import WarmlineError

_log = structlog.get_logger(__name__)


class Observed:
    """ASGI middleware around the callers' API. `clock` is monotonic, in seconds."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics, clock: Callable[[], float]) -> None:
        self._app = app
        self._metrics = metrics
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request.current.set(_id(scope))
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = self._clock()
        status, started = 500, False

        async def note_status(message: Message) -> None:
            nonlocal status, started
            if message["type"] == "http.response.start":
                status, started = message["status"], True
            await send(message)

        try:
            await self._app(scope, receive, note_status)
        except Exception as error:
            if not started or not isinstance(error.__cause__, WarmlineError):
                raise
            # The connection is broken off: that is all that can still be said to the caller.
            _log.warning("broken_off", route=_route(scope), code=error.__cause__.code, detail=str(error.__cause__))
        finally:
            self._metrics.count_request(_route(scope), scope["method"], status, self._clock() - began)


def _id(scope: Scope) -> str:
    """The edge's id of the request: this runs in a task of the request's own."""
    found = next((value for name, value in scope.get("headers", ()) if name == b"x-request-id"), b"")
    return request.well_formed(found.decode("latin-1"))


def _route(scope: Scope) -> str:
    """The name of the route that matched; the router leaves its endpoint in the scope."""
    endpoint = scope.get("endpoint")
    return "other" if endpoint is None else endpoint.__name__
