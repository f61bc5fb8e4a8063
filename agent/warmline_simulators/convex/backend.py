"""Runs one call: how long it takes, how many run at once, and what goes wrong when a test wants it."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

from warmline_simulators.calls import Calls
from warmline_simulators.convex.deployment import Deployment
from warmline_simulators.convex.errors import CallRefused
from warmline_simulators.convex.options import ConvexOptions
from warmline_simulators.faults import Fault, Faults

_PLURAL = {"query": "queries", "mutation": "mutations", "action": "actions"}


class CallRefusal(Fault, tag="refuse", kw_only=True):
    """The next call of a kind is turned down: `{"kind": "refuse", "at": "query", "status": 503, "code": "..."}`."""

    at: Literal["query", "mutation", "action"]
    status: int = 503
    code: str = "Overloaded"
    message: str = "as the test wished"


class Backend:
    """Of one deployment."""

    def __init__(self, deployment: Deployment, options: ConvexOptions, *, faults: Faults, calls: Calls) -> None:
        self._deployment = deployment
        self._faults = faults
        self._calls = calls
        self._seconds = {"query": options.query, "mutation": options.mutation, "action": options.action}
        self._most = {
            "query": options.most_queries,
            "mutation": options.most_mutations,
            "action": options.most_actions,
        }
        self._running: Counter[str] = Counter()

    async def run(self, kind: str | None, path: str, args: dict[str, Any], *, admin: bool) -> Any:
        """What the function returned; `kind` None for whatever it is. Raises Thrown or CallRefused."""
        limited = kind or "query"
        with self._place(limited):
            if refusal := self._faults.take(CallRefusal, limited):
                raise CallRefused(refusal.status, refusal.code, refusal.message)
            self._calls.add(path)
            await asyncio.sleep(self._seconds[limited])
            return self._deployment.function(kind, path, admin=admin).run(args)

    @contextmanager
    def _place(self, kind: str) -> Iterator[None]:
        if self._running[kind] >= self._most[kind]:
            raise CallRefused(
                429,
                "TooManyConcurrentRequests",
                f"Your backend is limited to {self._most[kind]} concurrent {_PLURAL[kind]}.",
            )
        self._running[kind] += 1
        try:
            yield
        finally:
            self._running[kind] -= 1
