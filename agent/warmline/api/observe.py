"""Counts and times every request, by route and never by path."""

from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from warmline.metrics import Metrics


class Observed:
    """ASGI middleware around the callers' API. `clock` is monotonic, in seconds."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics, clock: Callable[[], float]) -> None:
        self._app = app
        self._metrics = metrics
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = self._clock()
        status = 500

        async def noting_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noting_status)
        finally:
            self._metrics.requested(_route(scope), scope["method"], status, self._clock() - began)


def _route(scope: Scope) -> str:
    """The name of the route that matched; the router leaves its endpoint in the scope."""
    endpoint = scope.get("endpoint")
    return "other" if endpoint is None else endpoint.__name__
