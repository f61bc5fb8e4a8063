"""A simulated pager: writes the alerts of Alertmanager's webhooks into a file that tests and drills read."""

import json
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from warmline_simulators.calls import Calls


class Pager:
    """Appends each alert of each notification to `file` as one JSON object a line.

    An object is what Alertmanager says of the alert, with `at`, the wall-clock seconds of `now` at which it came, and
    `receiver`, the path it was sent to. A file of more than `most` bytes becomes `file`.1, in place of the one before.
    """

    def __init__(self, file: Path, *, most: int = 4 << 20, now: Callable[[], float] = time.time) -> None:
        self._file = file
        self._most = most
        self._now = now
        self._calls = Calls()

    def app(self) -> Starlette:
        """`POST /<receiver>` for Alertmanager; `GET /_calls` counts notifications by receiver."""
        return Starlette(
            routes=[Route("/{receiver:str}", self._notified, methods=["POST"], name="notified"), self._calls.route()]
        )

    async def _notified(self, request: Request) -> Response:
        receiver = str(request.path_params["receiver"])
        alerts = _alerts(await request.body())
        if alerts is None:
            return JSONResponse({"error": "the body must be a webhook of Alertmanager: an object with alerts"}, 400)
        self._calls.add(receiver)
        self._append({"at": self._now(), "receiver": receiver, **alert} for alert in alerts)
        return Response(status_code=204)

    def _append(self, entries: Iterable[dict[str, Any]]) -> None:
        if self._file.exists() and self._file.stat().st_size > self._most:
            self._file.replace(self._file.with_name(f"{self._file.name}.1"))
        with self._file.open("a", encoding="utf-8") as out:
            out.writelines(f"{json.dumps(entry)}\n" for entry in entries)


def _alerts(body: bytes) -> list[dict[str, Any]] | None:
    """The alerts of a webhook; None if it is none."""
    try:
        alerts = json.loads(body)["alerts"]
    except (ValueError, KeyError, TypeError):
        return None
    if isinstance(alerts, list) and all(isinstance(alert, dict) for alert in alerts):
        return alerts
    return None
