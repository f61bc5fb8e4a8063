"""Conversations through the edge, and a change at the provider that every worker says on its next turn."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support import fleet
from tests.support.clients.voice import Call
from tests.support.fleet import PORTS, Edge
from tests.support.time.wait import until

UNKNOWN_QUESTION = "Which team won the cricket world cup?"
CALLERS = fleet.callers(240)


async def dial(edge: Edge, **opening: Any) -> Call:
    """A conversation through the edge, over TLS."""
    return await Call.dial(edge.url, organisation=None, trust=fleet.trust(), **opening)


async def test_a_caller_is_greeted_answered_and_interrupted_through_the_edge(edge: Edge) -> None:
    async with await dial(edge, agent="reception", key=fleet.key("sahyadri")) as call:
        assert (await call.next("opened"))["resumable"]
        assert "knee" not in (await call.next("greeting"))["text"]
        await call.listen(0.2)
        await call.send("say", text="What is knee pain?")
        assert (await call.next("answer"))["text"].startswith("Knee pain is an ache")
        await call.listen(0.2, turn=1)
        await call.send("interrupt")
        assert (await call.next("interrupted"))["turn"] == 1


async def test_a_session_is_resumed_by_its_token(edge: Edge) -> None:
    key = fleet.key("sahyadri")
    async with await dial(edge, agent="reception", key=key) as call:
        token = (await call.next("opened"))["token"]
        await call.send("say", text="What is gout?")
        await call.next("answer")
    async with await dial(edge, resume=token, key=key) as call:
        assert [line["text"] for line in (await call.next("resumed"))["history"]][1] == "What is gout?"


def test_the_demo_page_is_there_and_what_is_the_fleets_own_is_not(edge: Edge) -> None:
    page = edge.ask("GET", "/demo", follow_redirects=True)
    assert page.status_code == 200
    assert "default-src 'none'" in page.headers["content-security-policy"]
    for path in ("/v1/admin/caches", "/v1/admin/warm", "/metrics", "/readyz"):
        assert edge.ask("GET", path).status_code == 404, path


def test_an_unsigned_webhook_is_refused(edge: Edge) -> None:
    body = {"organisation": "sahyadri"}
    assert edge.ask("POST", "/v1/webhooks/knowledge-updated", json=body).status_code == 401


@pytest.fixture
def prompt() -> Iterator[dict[str, str]]:
    """The prompt of reception; whatever a test does to it is undone."""
    before: dict[str, str] = convex("query", "agents:prompt", organisation="sahyadri", agent="reception")
    kept = {name: before[name] for name in ("instructions", "answer", "unknown")}
    yield kept
    change(kept)


def convex(kind: str, path: str, **arguments: object) -> dict[str, str]:
    """Call a function of the simulated provider, from its own host."""
    url = f"http://{fleet.addresses()['monitor-1']}:{PORTS['convex']}/api/{kind}"
    call = json.dumps({"path": path, "args": arguments, "format": "json"})
    headers = "-H 'content-type: application/json' -H 'authorization: Convex administrator'"
    said = fleet.host("monitor-1").check_output(f"curl --silent {headers} --data %s %s", call, url)
    answer = json.loads(said)
    assert answer["status"] == "success", said
    value: dict[str, str] = answer["value"]
    return value


def change(prompt: dict[str, str]) -> None:
    """Edit the prompt as an administrator, and wait until the provider's webhook was taken."""
    before = fleet.calls("convex").get("webhook_delivered", 0)
    convex("mutation", "admin:updatePrompt", organisation="sahyadri", agent="reception", prompt=prompt)
    until(lambda: fleet.calls("convex").get("webhook_delivered", 0) > before, seconds=20, what="a delivered webhook")


def test_an_edited_prompt_is_said_on_the_next_turn_by_every_worker(edge: Edge, prompt: dict[str, str]) -> None:
    one_of_each = {edge.slot_of(caller): caller for caller in CALLERS}
    assert len(one_of_each) == len(fleet.workers())

    def said() -> set[str]:
        answers = (edge.get("answer", UNKNOWN_QUESTION, caller=caller) for caller in one_of_each.values())
        return {answer.json()["answer"] for answer in answers}

    assert said() == {prompt["unknown"]}
    change({**prompt, "unknown": "That is a question for our sports desk."})
    assert said() == {"That is a question for our sports desk."}
