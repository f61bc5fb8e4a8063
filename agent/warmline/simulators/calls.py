"""Counting what a simulator was asked, so that a test can say what caching saved."""

from collections import Counter

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route


class Calls:
    """Calls by kind since the start."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def add(self, kind: str) -> None:
        """Count one call."""
        self._counts[kind] += 1

    def route(self) -> Route:
        """`GET /_calls`: the counts as a JSON object."""
        return Route("/_calls", self._show)

    async def _show(self, request: Request) -> JSONResponse:
        return JSONResponse(dict(self._counts))
