"""Warming on real workers: what the first caller finds, and what is kept of callers' questions."""

import os
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.support.processes import warmline
from tests.support.processes.stack import ORGANISATIONS, Simulator, Stack, Worker
from tests.support.time.wait import until

HOT = {"config": "l1", "prompt": "l1", "rag": "l1"}


@pytest.fixture
def stack(own_stack: Stack) -> Stack:
    """One for each test."""
    return own_stack


def ready(worker: Worker, *, seconds: float = 20) -> dict[str, object]:
    """What the worker says when it says that it is ready."""
    until(lambda: worker.ready()["ready"], seconds=seconds, what="a worker that is ready")
    return worker.ready()


def everything(stack: Stack) -> bytes:
    """All keys and all values in Redis, whatever their type, one after the other."""
    with stack.redis.client() as client:
        found = []
        for key in client.scan_iter():
            kind = client.type(key)
            if kind == b"zset":
                found.append(b"\n".join(client.zrange(key, 0, -1)))
            elif kind == b"string":
                found.append(client.get(key) or b"")
            elif kind == b"hash":
                found.append(repr(client.hgetall(key)).encode())
            else:
                found.append(client.dump(key) or b"")
            found.append(key)
        return b"\n".join(found)


def ask_until_kept(stack: Stack, worker: Worker, text: str, *, organisation: str = "sahyadri") -> None:
    """Ask until the text is kept: a second's count may be lost while this machine is busy."""

    def kept() -> bool:
        agent = {"sahyadri": "reception", "kaveri": "physio"}[organisation]
        assert worker.answer(text, organisation=organisation, agent=agent).json()["passages"]
        return text.encode() in everything(stack)

    until(kept, seconds=20, what=f"{text!r} in Redis")


def asked(stack: Stack) -> set[float]:
    """How often the questions of one organisation were asked."""
    with stack.redis.client() as client:
        return {score % 1024 for _, score in client.zrange("wl2:{sahyadri}:asked", 0, -1, withscores=True)}


def sources(response: httpx.Response) -> str:
    return str(response.headers["cache-status"])


def test_after_a_restart_the_first_question_its_answer_and_the_greeting_come_from_memory(stack: Stack) -> None:
    before = stack.worker(popular_minimum="1")
    answer = before.answer("Um, what is gout, please?").json()["answer"]
    before.speech(answer)
    ask_until_kept(stack, before, "what is gout")
    before.process.stop()
    after = stack.worker(warming_seconds="10")
    assert ready(after)["warming"] == "complete"
    calls = (stack.convex.calls(), stack.sarvam.spoken())
    assert after.answer("What is GOUT?").json()["from"] == HOT
    greeting = "Namaste, this is Asha at Sahyadri Joint Clinic. How can I help you today?"
    for text in (answer, greeting):
        assert "tts; hit; detail=l1" in sources(after.speech(text))
    assert (stack.convex.calls(), stack.sarvam.spoken()) == calls


def test_a_fleet_that_starts_empty_is_warmed_from_the_origins_and_says_so(stack: Stack) -> None:
    worker = stack.worker(warming_seconds="10", redis_deadline="2")
    body = ready(worker)
    assert body["warming"] == "complete"
    warmed = body["warmed"]
    assert isinstance(warmed, dict)
    assert warmed["roster"] == {"origin": len(ORGANISATIONS)}
    agents, spoken = warmed["config"]["origin"], warmed["tts"]["origin"]
    assert warmed["config"] == warmed["prompt"] == {"origin": agents}
    assert spoken >= agents
    assert worker.metric('warmline_warming_entries_total{cache="config",source="origin"}') == agents
    assert worker.metric("warmline_warming_duration_seconds") > 0
    assert stack.convex.calls()["agents:config"] == agents
    second = ready(stack.worker(warming_seconds="10"))["warmed"]
    assert isinstance(second, dict)
    assert second["tts"] == {"l2": spoken}
    assert stack.convex.calls()["agents:config"] == agents


def test_what_the_allowance_refuses_stays_cold_and_is_counted(stack: Stack) -> None:
    worker = stack.worker(warming_seconds="10", warming_characters="0")
    body = ready(worker)
    assert body["warming"] == "complete"
    warmed = body["warmed"]
    assert isinstance(warmed, dict)
    refused = worker.metric('warmline_warming_left_cold_total{cache="tts",reason="refused"}')
    assert warmed["tts"] == {"refused": refused}
    assert not stack.sarvam.spoken()


def test_with_the_data_provider_down_a_worker_is_ready_within_the_limit(stack: Stack) -> None:
    stack.convex.stop()
    began = time.monotonic()
    body = ready(stack.worker(warming_seconds="10"))
    assert body["warming"] == "complete"
    assert body["warmed"] == {"roster": {"failed": len(ORGANISATIONS)}}
    assert time.monotonic() - began < 10


def test_with_the_data_provider_down_a_restarted_worker_is_as_warm_as_redis(stack: Stack) -> None:
    first = stack.worker(warming_seconds="10", popular_minimum="1")
    ready(first)
    ask_until_kept(stack, first, "what is gout")
    stack.convex.stop()
    second = stack.worker(warming_seconds="10")
    assert ready(second)["warming"] == "complete"
    assert second.answer("what is gout").json()["from"] == HOT


def test_with_a_data_provider_that_hangs_a_worker_is_ready_at_the_limit_and_says_so(stack: Stack) -> None:
    hanging = Simulator("convex", stack.folder, milliseconds=4000)
    try:
        worker = stack.worker(warming_seconds="1", data_convex_url=hanging.url)
        assert ready(worker)["warming"] == "timed out after 1 s"
    finally:
        hanging.stop()


def test_while_it_is_warming_a_worker_is_alive_and_not_ready(stack: Stack) -> None:
    slow = Simulator("convex", stack.folder, milliseconds=700)
    try:
        worker = stack.worker(warming_seconds="20", data_convex_url=slow.url)
        response = httpx.get(f"{worker.admin_url}/readyz")
        assert (response.status_code, response.json()["warming"]) == (503, "under way")
        assert httpx.get(f"{worker.admin_url}/livez").status_code == 200
        assert ready(worker, seconds=30)["warming"] == "complete"
    finally:
        slow.stop()


def test_without_redis_a_worker_is_warmed_as_far_as_it_may_remember(stack: Stack) -> None:
    stack.redis.stop()
    worker = stack.worker(warming_seconds="10")
    body = ready(worker)
    assert (body["warming"], body["degraded"]) == ("complete", True)
    greeting = "Namaste, this is Asha at Sahyadri Joint Clinic. How can I help you today?"
    assert "tts; hit; detail=l1" in sources(worker.speech(greeting))


def test_a_worker_can_be_warmed_on_demand_by_the_fleet_and_not_by_callers(stack: Stack) -> None:
    worker = stack.worker()
    assert worker.ready()["warming"] == "off"
    assert httpx.post(f"{worker.url}/v1/admin/warm").status_code == 404
    assert httpx.get(f"{worker.admin_url}/v1/admin/warm").status_code == 405
    done = subprocess.run(
        warmline("warm"),
        env={**os.environ, "WARMLINE_ADMIN_PORT": str(worker.admin_port)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ["roster", "3", "origin"] in [line.split() for line in done.stdout.splitlines()]
    entries = httpx.post(f"{worker.admin_url}/v1/admin/warm").json()["entries"]
    assert set(entries["tts"]) == {"l1"}
    assert worker.ready()["ready"] is True


def test_a_question_is_kept_only_when_it_was_asked_often_enough(stack: Stack) -> None:
    workers = [stack.worker(popular_minimum="3") for _ in range(3)]
    for worker in workers[:2]:
        for text in ("what is gout", "my very own swollen knee hurts"):
            assert worker.answer(text).json()["passages"]
    until(lambda: asked(stack) == {2}, seconds=10, what="two askings of both")
    assert b"what is gout" not in everything(stack)
    ask_until_kept(stack, workers[2], "what is gout")
    assert b"swollen knee hurts" not in everything(stack)


@pytest.mark.parametrize("everybody", [False, True])
def test_of_an_organisation_that_opted_out_no_question_is_anywhere_in_redis(stack: Stack, everybody: bool) -> None:
    eager = stack.worker(popular_minimum="1")
    ask_until_kept(stack, eager, "why is my left knee swollen")
    eager.process.stop()
    discreet = stack.worker(popular_minimum="1", popular_opt_out="*" if everybody else "sahyadri, nobody")
    for text in ("Why is my right knee swollen?", "why is my left knee swollen"):
        assert discreet.answer(text, organisation="sahyadri").json()["passages"]
    if not everybody:
        ask_until_kept(stack, discreet, "does stress cause back pain", organisation="kaveri")
        assert "nobody_of_these_has_an_api_key" in discreet.process.output

    def forgotten() -> bool:
        with stack.redis.client() as client:
            return not [*client.scan_iter("*{sahyadri}:popular*"), *client.scan_iter("*{sahyadri}:asked*")]

    until(forgotten, seconds=10, what="what was kept of the organisation to go")
    kept = everything(stack)
    for trace in (b"left knee swollen", b"right knee swollen"):
        assert trace not in kept.lower()
    with stack.redis.client() as client:
        assert not [key for key in client.scan_iter("*{sahyadri}*") if client.type(key) == b"zset"]


def test_what_callers_ask_is_in_no_log_and_no_metric(stack: Stack) -> None:
    worker = stack.worker(popular_minimum="1", log_level="debug", warming_seconds="10")
    ask_until_kept(stack, worker, "why is my left knee swollen")
    httpx.post(f"{worker.admin_url}/v1/admin/warm")
    assert "swollen" not in worker.process.output
    assert "swollen" not in httpx.get(f"{worker.admin_url}/metrics").text


def test_spellings_of_one_question_asked_at_once_on_all_workers_cost_one_search(stack: Stack) -> None:
    workers = [stack.worker(redis_deadline="2") for _ in range(3)]
    spellings = ["What is knee pain?", "what is knee pain", "  WHAT is  knee pain ??", "um, what is knee pain please"]
    for worker in workers:
        worker.answer("where is the clinic")
    before = stack.convex.calls()["knowledge:search"]
    with ThreadPoolExecutor(24) as callers:
        answers = [callers.submit(worker.answer, text) for text in spellings * 5 for worker in workers]
    assert len({answer.result().json()["answer"] for answer in answers}) == 1
    assert stack.convex.calls()["knowledge:search"] == before + 1
