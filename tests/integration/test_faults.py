"""Redis and the providers failing, one at a time: what a caller notices."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import redis

from tests.support.processes.stack import Stack, await_redis
from tests.support.time.wait import until


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    stack = Stack(tmp_path)
    try:
        yield stack
    finally:
        stack.stop()


def test_without_redis_a_worker_starts_answers_from_the_origin_and_says_so(stack: Stack) -> None:
    worker = stack.worker()
    ready = worker.ready()
    assert (ready["ready"], ready["degraded"]) == (True, True)
    assert str(ready["redis"]).startswith("away: ")
    assert worker.answer("What is gout?").json()["from"]["rag"] == "origin"
    # Nobody could tell this worker of an invalidation: what needs none is remembered, the rest is asked for again.
    assert worker.answer("What is gout?").json()["from"] == {"config": "origin", "prompt": "l1", "rag": "origin"}
    assert worker.metric('warmline_cache_store_failures_total{cache="prompt",operation="read"}') == 1


def test_a_redis_that_appears_later_is_used_from_then_on(stack: Stack) -> None:
    early = stack.worker()
    early.answer("What is frozen shoulder?")
    stack.redis.start()
    await_redis(early, "up")
    early.answer("What causes hip pain?")
    assert stack.worker().answer("What causes hip pain?").json()["from"]["rag"] == "l2"


def test_redis_killed_and_restarted_fails_no_request(stack: Stack) -> None:
    stack.redis.start()
    worker = stack.worker()
    assert worker.answer("What is gout?").status_code == 200
    stack.redis.stop()
    assert worker.answer("What is gout?").json()["from"] == {"config": "origin", "prompt": "l1", "rag": "origin"}
    assert worker.answer("What causes hip pain?").status_code == 200
    stack.redis.start()
    await_redis(worker, "up")
    assert worker.answer("What is frozen shoulder?").status_code == 200
    assert stack.worker().answer("What is frozen shoulder?").json()["from"]["rag"] == "l2"


def test_a_worker_that_nobody_asks_finds_out_by_itself_that_redis_is_back(stack: Stack) -> None:
    stack.redis.start()
    worker = stack.worker()
    given_up = 'warmline_redis_breaker_open{redis="cache"}'
    stack.redis.freeze()
    worker.answer("What is gout?")
    assert worker.metric(given_up) == 1
    stack.redis.thaw()
    until(lambda: worker.metric(given_up) == 0, seconds=10, what="the breaker to close")


def test_garbage_in_redis_is_a_miss_counted_and_replaced(stack: Stack) -> None:
    stack.redis.start()
    stack.worker().answer("What is gout?")
    with redis.Redis.from_url(stack.redis.url) as client:
        keys = client.keys("wl2:{sahyadri}:rag:*")
        assert isinstance(keys, list)
        client.set(keys[0], b"\x01\x00garbage of no use")
    worker = stack.worker()
    assert worker.answer("What is gout?").json()["from"]["rag"] == "origin"
    assert worker.metric('warmline_cache_store_failures_total{cache="rag",operation="decode"}') == 1
    assert stack.worker().answer("What is gout?").json()["from"]["rag"] == "l2"


def test_a_redis_key_of_another_type_is_a_miss_too(stack: Stack) -> None:
    stack.redis.start()
    stack.worker().answer("What is gout?")
    with redis.Redis.from_url(stack.redis.url) as client:
        keys = client.keys("wl2:{sahyadri}:rag:*")
        assert isinstance(keys, list)
        client.delete(keys[0])
        client.lpush(keys[0], "a list")
    assert stack.worker().answer("What is gout?").status_code == 200


def test_with_the_data_provider_down_what_was_cached_is_answered_and_the_rest_fails_by_its_name(stack: Stack) -> None:
    stack.redis.start()
    worker = stack.worker()
    worker.answer("What is gout?")
    stack.convex.stop()
    assert worker.answer("What is gout?").status_code == 200
    failed = worker.answer("What causes hip pain?")
    assert failed.status_code == 503
    assert failed.json()["error"]["code"] == "upstream_unavailable"
    assert failed.json()["error"]["upstream"] == "convex"
    assert failed.headers["retry-after"] == "1"


def test_with_the_speech_provider_down_answers_go_on(stack: Stack) -> None:
    stack.redis.start()
    worker = stack.worker()
    stack.sarvam.stop()
    assert worker.speech("Good morning").json()["error"]["upstream"] == "sarvam"
    assert worker.answer("What is gout?").status_code == 200


def test_used_up_credit_is_told_apart_from_overload(stack: Stack) -> None:
    stack.redis.start()
    stack.sarvam_key.write_text("exhausted")
    failed = stack.worker().speech("Good morning")
    assert (failed.status_code, failed.json()["error"]["code"]) == (503, "upstream_exhausted")


def test_failed_speech_is_not_stored(stack: Stack) -> None:
    stack.redis.start()
    stack.sarvam_key.write_text("exhausted")
    broke = stack.worker()
    assert broke.speech("Good morning").status_code == 503
    stack.sarvam_key.write_text("paid")
    assert "detail=origin" in stack.worker().speech("Good morning").headers["cache-status"].rpartition("tts")[2]


def test_a_failing_provider_is_named_in_the_log_without_the_callers_words(stack: Stack) -> None:
    worker = stack.worker()
    stack.convex.stop()
    worker.answer("my secret ailment")
    assert "my secret ailment" not in worker.process.says('"upstream": "convex"')


def test_the_admin_port_stays_up_when_everything_else_is_down(stack: Stack) -> None:
    worker = stack.worker()
    stack.convex.stop()
    stack.sarvam.stop()
    assert httpx.get(f"{worker.admin_url}/livez").json()["live"] is True
