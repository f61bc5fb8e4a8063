"""Counting what a simulator was asked, so that a test can say what caching saved."""

from collections import Counter
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route


class Calls:
    """Counts by kind since the start; `gauges` are read when they are shown."""

    def __init__(self, **gauges: Callable[[], int]) -> None:
        self._counts: Counter[str] = Counter()
        self._gauges = gauges

    def add(self, kind: str, number: int = 1) -> None:
        """Count so many of a kind."""
        self._counts[kind] += number

    def route(self) -> Route:
        """`GET /_calls`: the counts as a JSON object."""
        return Route("/_calls", self._show)

    async def _show(self, request: Request) -> JSONResponse:
        return JSONResponse({**self._counts, **{name: gauge() for name, gauge in self._gauges.items()}})
