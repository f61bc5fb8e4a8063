"""The deployment's paths, and those that only a test knows."""

import time
from collections.abc import Callable

from starlette.applications import Starlette

from warmline.simulators.calls import Calls
from warmline.simulators.convex.backend import Backend, Refusal
from warmline.simulators.convex.deployment import Deployment
from warmline.simulators.convex.errors import Refused
from warmline.simulators.convex.http import Functions, refusal
from warmline.simulators.convex.options import ConvexOptions
from warmline.simulators.convex.webhooks import Send, Webhooks, post
from warmline.simulators.faults import Faults


class ConvexSimulator:
    """One deployment with three organisations' data. `now` gives wall-clock seconds; `send` delivers webhooks."""

    def __init__(self, options: ConvexOptions, *, now: Callable[[], float] = time.time, send: Send = post) -> None:
        self._calls = Calls(webhook_pending=lambda: self.webhooks.pending)
        self._faults = Faults(Refusal)
        self.webhooks = Webhooks(options, send=send, now=now, calls=self._calls)
        deployment = Deployment(changed=self.webhooks.announce, now=now)
        self._backend = Backend(deployment, options, faults=self._faults, calls=self._calls)
        self._functions = Functions(self._backend, error_status=options.error_status)

    def app(self) -> Starlette:
        """All of it."""
        return Starlette(
            routes=[self._functions.route(), self._faults.route(), self._calls.route()],
            exception_handlers={Refused: refusal},
        )
