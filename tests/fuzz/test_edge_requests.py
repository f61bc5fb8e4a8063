"""Requests of every kind through a real edge to real workers, with a good key: whatever comes is answered, blamed on
whom it belongs to, and leaves nothing behind; nobody else notices.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field

import httpx
import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from tests.support.clients.raw import Answer, exchange, head
from tests.support.clients.requests import Sent, sent
from tests.support.clients.webhooks import SECRET, written
from tests.support.edge.nginx import Nginx, slots
from tests.support.processes import connections, open_files
from tests.support.processes.stack import Stack, Worker, await_redis
from tests.support.shown import shown
from tests.support.time.wait import until

OTHERS = [f"{first}.20.3.4" for first in range(9, 200, 11)]
NAMED = {"upstream_unavailable", "upstream_exhausted", "upstream_rejected", "function_failed", "invalidation_failed"}
ITS_OWN = {501, 505}
"""What nginx answers to a transfer encoding and a version that it does not know; both are the client's doing."""

TWICE_WRONG = (
    head("POST /v1/x", "Transfer-Encoding: gzip", "Content-Length: 66000", "Connection: close") + b"x" * 66_000
)
"""Found by a search: nginx' refusal of the body, while it refused the encoding, was HTML."""

LATEST = 3.0
"""Seconds within which a handshake is answered: one, and what a machine that is busy elsewhere takes for itself."""


@dataclass
class Fleet:
    """Two workers behind an edge that believes this machine about addresses."""

    edge: Nginx
    workers: list[Worker]
    before: dict[str, str] = field(default_factory=dict, repr=False)
    asked: int = 0

    def slot(self, client: str) -> str:
        """Which worker another client gets."""
        found: str = httpx.get(f"{self.edge.url}/v1/health", headers={"X-Forwarded-For": client}).json()["slot"]
        return found

    def handled(self) -> int:
        """Requests that a handler has seen, sessions among them."""
        samples = [
            line for worker in self.workers for line in httpx.get(f"{worker.admin_url}/metrics").text.splitlines()
        ]
        counted = [line for line in samples if _is_handled(line)]
        return int(sum(float(line.rpartition(" ")[2]) for line in counted))


def _is_handled(line: str) -> bool:
    if line.startswith(("warmline_sessions_ended_total", "warmline_sessions_refused_total")):
        return True
    return line.startswith("warmline_http_requests_total") and 'route="other"' not in line


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    folder = tmp_path_factory.mktemp("edge-requests")
    with Stack(folder) as stack:
        secrets = folder / "webhook_secrets"
        secrets.write_text(written(SECRET))
        workers = [stack.worker(webhook_secrets_file=str(secrets)) for _ in range(2)]
        for worker in workers:
            await_redis(worker, "up")
        edge = Nginx(folder, slots(*(worker.port for worker in workers)), nginx_trusted_proxies=["127.0.0.1"])
        fleet = Fleet(edge, workers)
        try:
            fleet.before = {client: fleet.slot(client) for client in OTHERS}
            handled, files = fleet.handled(), [open_files(worker.process.id) for worker in workers]
            yield fleet
            _judge(fleet, handled + len(OTHERS), files)
        finally:
            edge.stop()


def _judge(fleet: Fleet, handled: int, files: list[int]) -> None:
    """After all of it: who was moved, how much got through, what was left."""
    assert {client: fleet.slot(client) for client in OTHERS} == fleet.before
    through = fleet.handled() - handled
    shown.append(f"{fleet.asked} requests through the edge, {through} of them to a handler")
    assert through >= fleet.asked / 2
    fleet.edge.stop()
    for worker, had in zip(fleet.workers, files, strict=True):
        until(lambda: connections(worker.process.id, worker.port) == 0, seconds=15, what="an end of its connections")  # noqa: B023
        until(lambda: open_files(worker.process.id) <= had + 8, seconds=30, what="its descriptors")  # noqa: B023
        worker.process.stop()
        assert worker.process.exit_code() == 0
        assert "Traceback" not in worker.process.output


def _said(answer: Answer) -> str:
    """The code of an error, chunked or not; empty where there is no body."""
    body = answer.body[answer.body.find(b"{") : answer.body.rfind(b"}") + 1]
    return str(json.loads(body)["error"]["code"]) if body else ""


def _blame(request: Sent, answer: Answer) -> None:
    if answer.status < 400:
        assert answer.status in {101, 200} or not answer.data, answer.data[:300]
        return
    head = request.parts[0].startswith(b"HEAD") or not answer.body
    assert "content-type: application/json" in answer.head, answer.data[:300]
    code = "" if head else _said(answer)
    assert head or code, answer.data[:300]
    assert answer.status < 500 or answer.status in ITS_OWN or code in NAMED, answer.data[:300]


# Smaller examples are no clearer: each is a list of requests, and the one that fails is named.
@settings(deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.explicit, Phase.generate])
@given(requests=st.lists(sent(), min_size=6, max_size=14), client=st.sampled_from(OTHERS))
@example(requests=[Sent((TWICE_WRONG,), cut=False, handshake=False)], client=OTHERS[0])
def test_whatever_is_sent_is_answered_and_nobody_else_notices(fleet: Fleet, requests: list[Sent], client: str) -> None:
    for request in requests:
        fleet.asked += 1
        answer = exchange(fleet.edge.port, *request.parts, half_close=request.cut, until=_end(request), seconds=8)
        assert answer.status or request.cut, (request, answer)
        assert not request.handshake or answer.seconds < LATEST, (request, answer)
        _blame(request, answer)
    assert fleet.slot(client) == fleet.before[client]


def _end(request: Sent) -> bytes:
    """Where to stop reading if the connection stays open: an upgraded one is let go at once."""
    return b"" if b"Connection: close\r\n" in b"".join(request.parts) else b"\r\n\r\n"
