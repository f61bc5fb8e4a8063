"""The deployment's paths, and those that only a test knows."""

import time
from collections.abc import Callable

from starlette.applications import Starlette
from starlette.routing import WebSocketRoute

from warmline_simulators.calls import Calls
from warmline_simulators.convex.backend import Backend, CallRefusal
from warmline_simulators.convex.deployment import DataChange, Deployment
from warmline_simulators.convex.errors import CallRefused
from warmline_simulators.convex.http import FunctionsApi, refusal
from warmline_simulators.convex.options import ConvexOptions
from warmline_simulators.convex.sync import Sync
from warmline_simulators.convex.webhooks import Send, WebhookSender, poster
from warmline_simulators.faults import Faults


class ConvexSimulator:
    """One deployment. `now` gives wall-clock seconds; `send` delivers webhooks."""

    def __init__(
        self, options: ConvexOptions, *, now: Callable[[], float] = time.time, send: Send | None = None
    ) -> None:
        self._calls = Calls(webhook_pending=lambda: self.webhooks.pending)
        self._faults = Faults(CallRefusal)
        self.webhooks = WebhookSender(options, send=send or poster(), now=now, calls=self._calls)
        deployment = Deployment(options.data, changed=self._changed, now=now)
        backend = Backend(deployment, options, faults=self._faults, calls=self._calls)
        self._functions = FunctionsApi(backend, error_status=options.error_status)
        self._sync = Sync(backend)

    def app(self) -> Starlette:
        """All of it."""
        return Starlette(
            routes=[
                self._functions.route(),
                WebSocketRoute("/api/sync", self._sync.serve),
                WebSocketRoute("/api/{version}/sync", self._sync.serve),
                self._faults.route(),
                self._calls.route(),
            ],
            exception_handlers={CallRefused: refusal},
        )

    def _changed(self, change: DataChange) -> None:
        self._sync.changed()
        self.webhooks.announce(change)
