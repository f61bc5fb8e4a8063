"""An administrator changes something at the provider, and the next turn on every worker says so."""

import asyncio
from collections.abc import Iterator

import httpx
import pytest

from tests.support.clients.voice import Call
from tests.support.clients.webhooks import SECRET, written
from tests.support.processes import free_port
from tests.support.processes.stack import Simulator, Stack, Worker, await_redis
from tests.support.time.wait import until

KNOWN, UNKNOWN = "What is gout?", "Which team won the cricket world cup?"


class Clinic:
    """Two workers, and a Convex that tells the first of them what was changed."""

    def __init__(self, stack: Stack) -> None:
        self.redis = stack.redis
        secrets = stack.folder / "webhook_secrets"
        secrets.write_text(written(SECRET))
        port, folder = free_port(), stack.folder / "convex"
        folder.mkdir()
        self.workers = [
            stack.worker(data_convex_url=f"http://127.0.0.1:{port}", webhook_secrets_file=str(secrets))
            for _ in range(2)
        ]
        for worker in self.workers:
            await_redis(worker, "up")
        self.convex = Simulator(
            "convex",
            folder,
            port=port,
            webhook_url=f"{self.workers[0].url}/v1/webhooks",
            webhook_secret_file=str(secrets),
            webhook_retry_ms=50,
        )

    def answers(self, question: str) -> set[str]:
        """What the workers say."""
        return {worker.answer(question).json()["answer"] for worker in self.workers}

    def change(self, what: str, **arguments: object) -> None:
        """An administrator's mutation, and nothing else."""
        call = {"path": f"admin:{what}", "args": {"organisation": "sahyadri", **arguments}}
        done = httpx.post(f"{self.convex.url}/api/mutation", json=call, headers={"Authorization": "Convex key"})
        assert done.json()["status"] == "success", done.text

    def changed(self, what: str, **arguments: object) -> None:
        """The same, once it was told."""
        before = self.convex.calls().get("webhook_delivered", 0)
        self.change(what, **arguments)
        until(
            lambda: self.convex.calls().get("webhook_delivered", 0) > before, seconds=20, what="a webhook that is taken"
        )


@pytest.fixture
def clinic(own_stack: Stack) -> Iterator[Clinic]:
    made = Clinic(own_stack)
    yield made
    made.convex.stop()


def sources(worker: Worker, question: str) -> dict[str, str]:
    found: dict[str, str] = worker.answer(question).json()["from"]
    return found


def test_an_edited_prompt_is_said_on_the_next_turn_everywhere(clinic: Clinic) -> None:
    for _ in range(2):
        clinic.answers(UNKNOWN)
    assert {sources(worker, UNKNOWN)["prompt"] for worker in clinic.workers} == {"l1"}
    clinic.changed("updatePrompt", agent="reception", prompt={"unknown": "I will find out and call you back."})
    assert clinic.answers(UNKNOWN) == {"I will find out and call you back."}


def test_new_knowledge_is_said_on_the_next_turn_everywhere(clinic: Clinic) -> None:
    for _ in range(2):
        clinic.answers(KNOWN)
    clinic.changed("updateKnowledge", question=KNOWN, answer="Ask us again tomorrow.")
    (said,) = clinic.answers(KNOWN)
    assert "Ask us again tomorrow." in said


def test_another_configuration_is_obeyed_on_the_next_turn_everywhere(clinic: Clinic) -> None:
    (known,), (unknown,) = clinic.answers(KNOWN), clinic.answers(UNKNOWN)
    assert known != unknown
    clinic.changed("updateAgent", agent="reception", config={"minimumScore": 1.0e9})
    assert clinic.answers(KNOWN) == {unknown}


async def test_a_call_goes_on_where_it_was_although_the_agents_voice_has_another_rate_by_now(clinic: Clinic) -> None:
    one, other = clinic.workers
    async with await Call.dial(one.url) as call:
        opened = await call.next("opened")
        await call.listen(0.5)
    heard = bytes(call.audio[0])
    voice = {"model": "bulbul:v2", "speaker": "vidya", "language": "en-IN", "sampleRate": 8000}
    await asyncio.to_thread(clinic.changed, "updateAgent", agent="reception", config={"voice": voice})
    async with await Call.dial(other.url, resume=opened["token"], turn=0, samples=len(heard) // 2) as again:
        assert (await again.next("resumed"))["sample_rate"] == opened["sample_rate"] == 22050
        assert (await again.next("audio-begin"))["start"] == len(heard) // 2
        end = await again.next("audio-end")
    assert end["samples"] == (len(heard) + len(again.audio[0])) // 2
    async with await Call.dial(other.url) as fresh:
        assert (await fresh.next("opened"))["sample_rate"] == 8000


def test_what_was_changed_while_redis_was_away_is_told_until_it_is_heard(clinic: Clinic) -> None:
    clinic.answers(UNKNOWN)
    clinic.redis.stop()
    clinic.change("updatePrompt", agent="reception", prompt={"unknown": "I will find out and call you back."})
    until(lambda: clinic.convex.calls().get("webhook_attempts", 0) >= 2, seconds=20, what="a second attempt")
    assert clinic.convex.calls().get("webhook_delivered", 0) == 0
    clinic.redis.start()
    until(lambda: clinic.convex.calls().get("webhook_delivered", 0) == 1, seconds=20, what="a webhook that is taken")
    assert clinic.answers(UNKNOWN) == {"I will find out and call you back."}
