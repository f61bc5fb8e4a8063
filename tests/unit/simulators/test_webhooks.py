"""The simulated deployment tells the worker of changes: signed, retried, and counted."""

import asyncio
import base64
import hashlib
import hmac
import json
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from tests.support.time.aio import until
from warmline_simulators.convex import ConvexOptions, ConvexSimulator
from warmline_simulators.convex.webhooks import ATTEMPTS, read_secrets

pytestmark = pytest.mark.virtual_time

SECRETS = (b"new secret", b"old secret")
BEGAN = 1_800_000_000


def seconds() -> float:
    """Since the test began, without what many short waits add up to."""
    return round(asyncio.get_running_loop().time(), 3)


@dataclass
class Worker:
    """Answers deliveries with one status after the other, the last for ever; None is no answer."""

    statuses: list[int | None]
    got: list[tuple[float, str, dict[str, str], bytes]] = field(default_factory=list)

    async def send(self, url: str, headers: dict[str, str], body: bytes) -> int | None:
        self.got.append((seconds(), url, headers, body))
        return self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]


async def counts_after(worker: Worker, path: str = "admin:updatePrompt", **args: object) -> dict[str, int]:
    """What the simulator counts when an administrator's change has been delivered, or could not be."""
    options = ConvexOptions(
        query=0, mutation=0, webhook_url="http://edge/v1/webhooks/", webhook_secrets=SECRETS, webhook_retry=1
    )
    simulator = ConvexSimulator(options, now=lambda: BEGAN + seconds(), send=worker.send)
    transport = httpx.ASGITransport(simulator.app())
    args = args or {"organisation": "sahyadri", "agent": "care", "prompt": {"answer": "{answer}"}}
    async with httpx.AsyncClient(transport=transport, base_url="http://convex") as convex:
        answer = await convex.post(
            "/api/mutation", json={"path": path, "args": args}, headers={"Authorization": "Convex k"}
        )
        assert answer.json()["status"] == "success"
        await until(lambda: not simulator.webhooks.pending, seconds=1000, what="the end of the delivery")
        counts: dict[str, int] = (await convex.get("/_calls")).json()
    return {name.removeprefix("webhook_"): count for name, count in counts.items() if name.startswith("webhook_")}


@pytest.mark.parametrize(
    ("path", "args", "event", "body"),
    [
        (
            "admin:updateAgent",
            {"organisation": "sahyadri", "agent": "care", "config": {"name": "R"}},
            "agent-updated",
            {"organisation": "sahyadri", "agent": "care"},
        ),
        (
            "admin:updatePrompt",
            {"organisation": "kaveri", "agent": "physio", "prompt": {"unknown": "?"}},
            "prompt-updated",
            {"organisation": "kaveri", "agent": "physio"},
        ),
        (
            "admin:updateKnowledge",
            {"organisation": "lakeside", "question": "?", "answer": "!"},
            "knowledge-updated",
            {"organisation": "lakeside"},
        ),
    ],
)
async def test_each_change_has_its_event(path: str, args: dict[str, object], event: str, body: dict[str, str]) -> None:
    worker = Worker([200])
    assert await counts_after(worker, path, **args) == {"attempts": 1, "delivered": 1, "pending": 0}
    ((_, url, _, sent),) = worker.got
    assert url == f"http://edge/v1/webhooks/{event}"
    assert json.loads(sent) == body


async def test_a_delivery_is_signed_with_every_secret() -> None:
    worker = Worker([204])
    await counts_after(worker)
    ((_, _, headers, body),) = worker.got
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    digests = [hmac.new(secret, content, hashlib.sha256).digest() for secret in SECRETS]
    assert headers["webhook-signature"] == " ".join(f"v1,{base64.b64encode(one).decode()}" for one in digests)
    assert headers["webhook-timestamp"] == str(BEGAN)


async def test_a_worker_that_is_away_is_told_again_with_the_same_id_and_a_new_timestamp() -> None:
    worker = Worker([503, None, 429, 200])
    assert await counts_after(worker) == {"attempts": 4, "delivered": 1, "pending": 0}
    assert [time for time, *_ in worker.got] == [0, 1, 3, 7]
    assert len({headers["webhook-id"] for _, _, headers, _ in worker.got}) == 1
    assert [headers["webhook-timestamp"] for _, _, headers, _ in worker.got] == [
        str(BEGAN + late) for late in (0, 1, 3, 7)
    ]


async def test_a_refusal_is_final() -> None:
    assert await counts_after(Worker([401])) == {"attempts": 1, "refused": 1, "pending": 0}


async def test_a_worker_that_stays_away_is_given_up_and_that_is_counted() -> None:
    assert await counts_after(Worker([503])) == {"attempts": ATTEMPTS, "abandoned": 1, "pending": 0}


def test_secrets_are_read_one_a_line(tmp_path: Path) -> None:
    file = tmp_path / "secrets"
    file.write_text("".join(f"whsec_{base64.b64encode(secret).decode()}\n" for secret in SECRETS))
    assert read_secrets(file) == SECRETS
