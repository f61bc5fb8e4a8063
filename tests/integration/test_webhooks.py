"""The provider says that something has changed: what it is told, what the workers forget, what is refused."""

import itertools
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.support.clients.webhooks import OTHER_SECRET, SECRET, signed, written
from tests.support.processes import Process
from tests.support.processes.stack import Stack, Worker, await_redis
from tests.support.redis import RedisServer
from tests.support.time.wait import until

KNOWLEDGE = {"organisation": "sahyadri"}
AGENT = {"organisation": "sahyadri", "agent": "reception"}
QUESTION = "What is gout?"

_events = itertools.count(1)


@pytest.fixture
def stack(own_stack: Stack) -> Stack:
    """One for each test."""
    return own_stack


def hooked(stack: Stack, *secrets: bytes, **settings: str) -> Worker:
    """A worker that has joined and believes these secrets."""
    file = stack.folder / "webhook_secrets"
    file.write_text("\n".join(written(secret) for secret in secrets or (SECRET,)))
    worker = stack.worker(webhook_secrets_file=str(file), **settings)
    await_redis(worker, "up")
    return worker


def deliver(
    worker: Worker,
    event: str,
    notice: dict[str, str],
    *,
    id_: str | None = None,
    secret: bytes = SECRET,
    age: float = 0,
) -> httpx.Response:
    """One attempt, signed now or `age` seconds ago."""
    body = json.dumps(notice).encode()
    headers = signed(body, id_=id_ or f"evt-{next(_events)}", timestamp=int(time.time() - age), secret=secret)
    return httpx.post(f"{worker.url}/v1/webhooks/{event}", content=body, headers=headers, timeout=20)


def layers(worker: Worker, question: str = QUESTION, *, organisation: str = "sahyadri") -> dict[str, str]:
    """Who answered each lookup of a question."""
    found: dict[str, str] = worker.answer(question, organisation=organisation).json()["from"]
    return found


def count(worker: Worker, event: str, outcome: str) -> float:
    return worker.metric(f'warmline_webhooks_total{{event="{event}",outcome="{outcome}"}}')


def warmed(*workers: Worker) -> None:
    """All of them answer from memory."""
    for worker in workers:
        layers(worker)
        assert set(layers(worker).values()) == {"l1"}


def test_new_knowledge_is_forgotten_by_every_worker_and_nothing_else_is(stack: Stack) -> None:
    one, other = hooked(stack), hooked(stack)
    warmed(one, other)
    layers(one, organisation="kaveri")
    before = stack.convex.calls()["knowledge:search"]
    response = deliver(one, "knowledge-updated", KNOWLEDGE)
    body = response.json()
    assert (response.status_code, body["duplicate"], body["acknowledged"], body["waited_out"]) == (200, False, 2, 0)
    assert body["milliseconds"] < 2000
    assert layers(other) == {"config": "l1", "prompt": "l1", "rag": "origin"}
    assert layers(one) == {"config": "l1", "prompt": "l1", "rag": "l2"}
    assert layers(one, organisation="kaveri")["rag"] == "l1"
    assert stack.convex.calls()["knowledge:search"] == before + 1
    assert count(one, "knowledge-updated", "done") == 1


def test_of_a_changed_agent_every_worker_forgets_everything_but_knowledge(stack: Stack) -> None:
    one, other = hooked(stack), hooked(stack)
    warmed(one, other)
    one.speech("Good morning")
    assert deliver(other, "agent-updated", AGENT).json()["acknowledged"] == 2
    assert layers(one) == {"config": "origin", "prompt": "origin", "rag": "l1"}
    assert layers(other) == {"config": "l2", "prompt": "l2", "rag": "l1"}
    assert "warmline-tts; fwd=miss" in one.speech("Good morning").headers["cache-status"]


def test_of_a_changed_prompt_every_worker_asks_which_is_current_and_phrases_stay_warm(stack: Stack) -> None:
    one, other = hooked(stack), hooked(stack)
    warmed(one, other)
    one.speech("Good morning")
    assert deliver(other, "prompt-updated", AGENT).json()["acknowledged"] == 2
    assert layers(one) == {"config": "origin", "prompt": "l1", "rag": "l1"}
    assert layers(other) == {"config": "l2", "prompt": "l1", "rag": "l1"}
    assert "warmline-tts; hit; detail=l1" in one.speech("Good morning").headers["cache-status"]


def test_an_event_that_comes_again_changes_nothing(stack: Stack) -> None:
    one, other = hooked(stack), hooked(stack)
    assert deliver(one, "knowledge-updated", KNOWLEDGE, id_="again").json()["duplicate"] is False
    warmed(one, other)
    for worker in (one, other):
        again = deliver(worker, "knowledge-updated", KNOWLEDGE, id_="again")
        assert (again.status_code, again.json()) == (200, {"duplicate": True})
    assert layers(one)["rag"] == layers(other)["rag"] == "l1"
    assert count(other, "knowledge-updated", "duplicate") == 1
    with stack.redis.client() as client:
        (key,) = client.scan_iter("wl2:webhook:*")
        assert 600 < client.ttl(key) <= 3600


def test_one_id_for_several_endpoints_and_organisations_is_carried_out_for_each(stack: Stack) -> None:
    one, other = hooked(stack), hooked(stack)
    warmed(one, other)
    layers(one, organisation="kaveri")
    told = [
        ("knowledge-updated", KNOWLEDGE),
        ("knowledge-updated", {"organisation": "kaveri"}),
        ("prompt-updated", AGENT),
        ("agent-updated", AGENT),
    ]
    for event, notice in told:
        assert deliver(one, event, notice, id_="transaction").json()["duplicate"] is False
    assert layers(other) == {"config": "origin", "prompt": "origin", "rag": "origin"}
    assert layers(other, organisation="kaveri")["rag"] == "origin"
    for event, notice in told:
        assert deliver(other, event, notice, id_="transaction").json() == {"duplicate": True}


def test_one_event_delivered_many_times_at_once_is_carried_out(stack: Stack) -> None:
    one, other = hooked(stack), hooked(stack)
    warmed(one, other)

    def attempt(number: int) -> int:
        worker = one if number % 2 else other
        return deliver(worker, "knowledge-updated", KNOWLEDGE, id_="crowd").status_code

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(attempt, range(16))) == {200}
    assert {layers(one)["rag"], layers(other)["rag"]} == {"origin", "l2"}


def test_while_a_secret_is_replaced_both_are_believed_and_then_one(stack: Stack) -> None:
    during = hooked(stack, SECRET, OTHER_SECRET)
    for secret in (SECRET, OTHER_SECRET):
        assert deliver(during, "knowledge-updated", KNOWLEDGE, secret=secret).status_code == 200
    after = hooked(stack, OTHER_SECRET)
    assert deliver(after, "knowledge-updated", KNOWLEDGE, secret=OTHER_SECRET).status_code == 200
    assert deliver(after, "knowledge-updated", KNOWLEDGE, secret=SECRET).status_code == 401


def test_what_is_not_signed_as_agreed_is_refused_counted_and_changes_nothing(stack: Stack) -> None:
    worker = hooked(stack)
    warmed(worker)
    url = f"{worker.url}/v1/webhooks/knowledge-updated"
    body = json.dumps(KNOWLEDGE).encode()
    good = signed(body, id_="evt-refused", timestamp=int(time.time()))
    attempts = {
        "unsigned": httpx.post(url, content=body),
        "malformed": httpx.post(url, content=body, headers={**good, "webhook-timestamp": "now"}),
        "wrong_signature": httpx.post(url, content=body + b" ", headers=good),
        "stale": deliver(worker, "knowledge-updated", KNOWLEDGE, age=400),
        "future": deliver(worker, "knowledge-updated", KNOWLEDGE, age=-400),
    }
    for reason, response in attempts.items():
        assert (response.status_code, response.json()["error"]["code"]) == (401, f"webhook_{reason}")
        assert response.headers["www-authenticate"] == "Webhook-Signature"
        assert count(worker, "knowledge-updated", reason) == 1
    assert count(worker, "knowledge-updated", "done") == 0
    assert set(layers(worker).values()) == {"l1"}


@pytest.mark.parametrize(
    ("event", "body", "field"),
    [
        pytest.param("knowledge-updated", b"", "body", id="empty"),
        pytest.param("knowledge-updated", b"{", "body", id="malformed"),
        pytest.param("knowledge-updated", b"[]", "body", id="not an object"),
        pytest.param("knowledge-updated", b'{"organisation": "\xff"}', "body", id="not UTF-8"),
        pytest.param("knowledge-updated", b"{}", "organisation", id="no organisation"),
        pytest.param("knowledge-updated", b'{"organisation": "No Such"}', "organisation", id="no name"),
        pytest.param(
            "knowledge-updated", b'{"organisation": "sahyadri\\n"}', "organisation", id="a newline behind a name"
        ),
        pytest.param(
            "agent-updated", b'{"organisation": "sahyadri", "agent": "reception\\n"}', "agent", id="or another"
        ),
        pytest.param("knowledge-updated", json.dumps(AGENT).encode(), "agent", id="an agent beside knowledge"),
        pytest.param("agent-updated", json.dumps(KNOWLEDGE).encode(), "agent", id="no agent"),
        pytest.param(
            "prompt-updated", b'{"organisation": "sahyadri", "agent": 7}', "agent", id="an agent that is no name"
        ),
    ],
)
def test_a_signed_body_that_says_nothing_is_refused_and_may_be_sent_right(
    shared: Worker, event: str, body: bytes, field: str
) -> None:
    id_ = f"evt-{next(_events)}"
    headers = signed(body, id_=id_, timestamp=int(time.time()))
    refused = httpx.post(f"{shared.url}/v1/webhooks/{event}", content=body, headers=headers)
    assert (refused.status_code, refused.json()["error"]["field"]) == (400, field)
    assert count(shared, event, "wrong_body") >= 1
    right = KNOWLEDGE if event == "knowledge-updated" else AGENT
    assert deliver(shared, event, right, id_=id_).json()["duplicate"] is False


def test_an_oversized_body_is_refused_before_it_is_believed(shared: Worker) -> None:
    response = deliver(shared, "agent-updated", {**AGENT, "why": "x" * 20_000})
    assert (response.status_code, response.json()["error"]["code"]) == (413, "too_large")
    assert count(shared, "agent-updated", "too_large") == 1


def test_an_organisation_that_nobody_knows_has_nothing_to_forget(shared: Worker) -> None:
    response = deliver(shared, "knowledge-updated", {"organisation": "nobody"})
    assert (response.status_code, response.json()["acknowledged"]) == (200, 1)


def test_every_outcome_has_a_series_before_it_happens(shared: Worker) -> None:
    exposed = httpx.get(f"{shared.admin_url}/metrics").text
    for outcome in ("done", "duplicate", "failed", "too_large", "wrong_body", "not_configured", "stale"):
        assert f'warmline_webhooks_total{{event="prompt-updated",outcome="{outcome}"}}' in exposed


def test_without_secrets_every_webhook_is_refused_and_says_why(stack: Stack) -> None:
    worker = stack.worker()
    response = deliver(worker, "knowledge-updated", KNOWLEDGE)
    assert (response.status_code, response.json()["error"]["code"]) == (401, "webhook_not_configured")
    assert count(worker, "knowledge-updated", "not_configured") == 1


def test_while_redis_is_away_it_fails_in_time_and_the_same_event_succeeds_later(stack: Stack) -> None:
    worker = hooked(stack)
    stack.redis.stop()
    began = time.monotonic()
    failed = deliver(worker, "knowledge-updated", KNOWLEDGE, id_="later")
    assert time.monotonic() - began < 6
    assert (failed.status_code, failed.json()["error"]["code"]) == (503, "invalidation_failed")
    assert failed.headers["retry-after"] == "1"
    assert count(worker, "knowledge-updated", "failed") == 1
    stack.redis.start()
    await_redis(worker, "up")
    warmed(worker)
    assert deliver(worker, "knowledge-updated", KNOWLEDGE, id_="later").json()["duplicate"] is False
    assert layers(worker)["rag"] == "origin"
    assert deliver(worker, "knowledge-updated", KNOWLEDGE, id_="later").json()["duplicate"] is True


def test_a_silent_redis_costs_the_provider_no_more_than_the_limit(stack: Stack) -> None:
    worker = hooked(stack)
    stack.redis.freeze()
    began = time.monotonic()
    failed = deliver(worker, "knowledge-updated", KNOWLEDGE, id_="later")
    assert failed.status_code == 503
    assert time.monotonic() - began < 6
    stack.redis.thaw()
    await_redis(worker, "up")
    assert deliver(worker, "knowledge-updated", KNOWLEDGE, id_="later").json()["duplicate"] is False


def test_an_event_is_not_taken_for_done_because_its_id_could_have_been_recorded(stack: Stack) -> None:
    """The Redis that keeps ids is up; the one whose entries are to be invalidated is not."""
    cache = RedisServer(stack.folder, name="cache").start()
    try:
        worker = hooked(stack, redis_cache_url=cache.url)
        cache.stop()
        assert deliver(worker, "knowledge-updated", KNOWLEDGE, id_="later").status_code == 503
        cache.start()
        await_redis(worker, "up")
        assert deliver(worker, "knowledge-updated", KNOWLEDGE, id_="later").json()["duplicate"] is False
    finally:
        cache.stop()


def test_a_worker_that_was_killed_is_waited_out_and_named_by_number(stack: Stack) -> None:
    one, other = hooked(stack), hooked(stack)
    other.process.kill()
    body = deliver(one, "knowledge-updated", KNOWLEDGE).json()
    assert (body["acknowledged"], body["waited_out"]) == (1, 1)
    assert deliver(one, "knowledge-updated", KNOWLEDGE).json()["waited_out"] <= 1


def test_the_curl_example_of_the_document_works(shared: Worker, tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "docs" / "integrate" / "webhooks.md").read_text(encoding="utf-8")
    script = text.partition("```sh\n")[2].partition("```")[0]
    (tmp_path / "webhook_secrets").write_text(written(SECRET))
    ran = Process(
        ["bash", "-euc", script],
        log=tmp_path / "curl.log",
        environment={"URL": shared.url, "SECRETS": str(tmp_path / "webhook_secrets")},
    )
    assert ran.exit_code() == 0, ran.output
    until(lambda: '"duplicate":false' in ran.output, seconds=5, what="the answer of curl")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    """One worker for the tests that disturb nobody."""
    stack = Stack(tmp_path_factory.mktemp("shared"))
    stack.redis.start()
    try:
        yield hooked(stack)
    finally:
        stack.stop()
