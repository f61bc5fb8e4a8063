"""An organisation that asks or spends more than agreed, and what caching saved it."""

import datetime
import json
import os
import subprocess

import httpx
import pytest

from tests.support.clients.voice import Call
from tests.support.processes import python_path, warmline
from tests.support.processes.stack import ORGANISATIONS, Stack, Worker, await_redis
from tests.support.time.wait import until

GREETING = "Good morning, how can I help you?"  # 33 characters of bulbul:v3: 0.099 rupees


@pytest.fixture
def stack(own_stack: Stack) -> Stack:
    """One for each test."""
    return own_stack


def limited(stack: Stack, **limits: dict[str, float]) -> Worker:
    file = stack.folder / "limits.json"
    file.write_text(json.dumps(limits))
    worker = stack.worker(limits_file=str(file))
    await_redis(worker, "up")
    return worker


def refused(response: httpx.Response, code: str) -> int:
    """That it was refused for this; the seconds after which to come back."""
    assert (response.status_code, response.json()["error"]["code"]) == (429, code)
    return int(response.headers["retry-after"])


def money(worker: Worker, what: str, *, cache: str = "tts", organisation: str = "sahyadri") -> float:
    return worker.metric(f'warmline_{what}_total{{cache="{cache}",organisation="{organisation}"}}')


def spent_today(worker: Worker) -> float:
    return worker.metric('warmline_spent_today{organisation="sahyadri"}')


def test_who_asks_too_often_is_told_when_to_come_back_and_others_are_not_held_up(stack: Stack) -> None:
    worker = limited(stack, sahyadri={"requests_per_second": 0.1, "burst": 3})
    assert [worker.answer("What is gout?").status_code for _ in range(3)] == [200, 200, 200]
    assert 8 <= refused(worker.answer("What is gout?"), "rate_limited") <= 10
    assert worker.answer("What is gout?", organisation="kaveri").status_code == 200
    assert worker.metric('warmline_limited_total{limit="rate",organisation="sahyadri"}') == 1


async def test_opening_a_session_and_each_question_in_it_count_as_requests(stack: Stack) -> None:
    worker = limited(stack, sahyadri={"requests_per_second": 0.1, "burst": 2})
    async with await Call.dial(worker.url) as call:
        await call.next("greeting")
        await call.send("say", text="What is gout?")
        assert (await call.next("answer"))["turn"] == 1
        await call.send("say", text="What is gout?")
        assert (await call.next("error"))["code"] == "rate_limited"
        async with await Call.dial(worker.url) as another:
            assert (await another.next("error"))["code"] == "rate_limited"
            assert await another.close_code() == 4429


def test_what_one_worker_let_through_counts_on_the_others(stack: Stack) -> None:
    limit = {"requests_per_second": 0.001, "burst": 4}
    one, other = limited(stack, sahyadri=limit), limited(stack, sahyadri=limit)
    for _ in range(4):
        assert one.answer("What is gout?").status_code == 200
    until(lambda: other.answer("What is gout?").status_code == 429, seconds=5, what="the other worker's refusal")


def test_whose_money_is_spent_hears_what_is_cached_and_nothing_new(stack: Stack) -> None:
    worker = limited(stack, sahyadri={"spend_per_day": 0.15})
    assert worker.speech(GREETING).status_code == 200
    asked = stack.sarvam.spoken()
    wait = refused(worker.speech("Something that nobody has said before."), "spend_limit")
    now = datetime.datetime.now(datetime.UTC)
    midnight = (now + datetime.timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    assert abs((midnight - now).total_seconds() - wait) < 30
    assert worker.speech(GREETING).status_code == 200
    assert worker.answer("What is gout?").status_code == 200  # a call that costs nothing
    assert stack.sarvam.spoken() == asked
    assert worker.metric('warmline_limited_total{limit="spend",organisation="sahyadri"}') == 1
    assert worker.metric('warmline_cache_load_duration_seconds_count{cache="tts",outcome="failed"}') == 0


def test_what_one_worker_spent_counts_on_the_others_and_on_those_to_come(stack: Stack) -> None:
    one, other = (limited(stack, sahyadri={"spend_per_day": 0.15}) for _ in range(2))
    one.speech(GREETING)
    until(lambda: spent_today(other) == pytest.approx(0.099), seconds=5, what="the other worker's sum")
    refused(other.speech("Something that nobody has said before."), "spend_limit")
    one.process.stop()
    newcomer = limited(stack, sahyadri={"spend_per_day": 0.15})
    until(lambda: spent_today(newcomer) == pytest.approx(0.099), seconds=5, what="the newcomer's sum")


def test_what_was_spent_while_redis_was_away_is_told_when_it_is_back(stack: Stack) -> None:
    worker, other = limited(stack), limited(stack)
    stack.redis.stop()
    worker.speech(GREETING)
    assert spent_today(worker) == pytest.approx(0.099)
    stack.redis.start()
    until(lambda: spent_today(other) == pytest.approx(0.099), seconds=10, what="the other worker's sum")


def test_costs_and_savings_are_counted_by_cache_and_organisation(stack: Stack) -> None:
    one, other = limited(stack), limited(stack)
    one.speech(GREETING)
    for worker in (one, one, other):
        worker.speech(GREETING)
    assert money(one, "cost") == pytest.approx(0.099)
    assert money(one, "cost_saved") == pytest.approx(0.198)
    assert money(other, "cost") == 0
    assert money(other, "cost_saved") == pytest.approx(0.099)
    assert money(one, "cost_saved", organisation="kaveri") == 0
    assert one.metric('warmline_price_info{currency="INR"}') == 1


def test_a_failed_provider_costs_nothing(stack: Stack) -> None:
    worker = limited(stack)
    stack.sarvam.stop()
    assert worker.speech(GREETING).status_code == 503
    assert money(worker, "cost") == 0


def test_ones_own_prices_are_counted(stack: Stack) -> None:
    price = {"amount": 0.5, "source": "a bill", "as_of": "2026-11-01"}
    file = stack.folder / "prices.json"
    file.write_text(json.dumps({"currency": "USD", "characters": {}, "calls": {"query": price, "action": price}}))
    worker = stack.worker(prices_file=str(file), spend_per_day="1.6")
    await_redis(worker, "up")
    worker.answer("What is gout?")
    worker.answer("What is gout?")
    for cache in ("config", "prompt", "rag"):
        assert (money(worker, "cost", cache=cache), money(worker, "cost_saved", cache=cache)) == (0.5, 0.5)
    refused(worker.answer("What causes hip pain?"), "spend_limit")
    assert worker.metric('warmline_price_info{currency="USD"}') == 1


def test_every_organisation_has_its_series_before_it_calls(stack: Stack) -> None:
    exposed = httpx.get(f"{limited(stack).admin_url}/metrics").text
    for organisation in ORGANISATIONS:
        for series in ("cost_total", "cost_saved_total"):
            assert f'warmline_{series}{{cache="rag",organisation="{organisation}"}} 0.0' in exposed


@pytest.mark.parametrize("name", ["limits_file", "prices_file", "webhook_secrets_file"])
def test_a_worker_does_not_start_with_a_file_that_it_cannot_read(stack: Stack, name: str) -> None:
    file = stack.folder / "bad"
    file.write_text("[")
    clean = {key: value for key, value in os.environ.items() if not key.startswith("WARMLINE_")}
    settings = {**stack.settings(), "WARMLINE_SLOT": "test", f"WARMLINE_{name.upper()}": str(file)}
    for command in ("check", "worker"):
        done = subprocess.run(
            warmline(command), env={**clean, **python_path(), **settings}, capture_output=True, text=True, check=False
        )
        assert done.returncode == 2
        assert f"file {file}" in done.stderr
