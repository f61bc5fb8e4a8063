"""What the fleet can read and do on its own port, and callers cannot."""

from typing import Any

import httpx
import pytest

from tests.support.processes.stack import Stack, Worker, await_redis


@pytest.fixture(scope="module")
def worker(stack: Stack) -> Worker:
    worker = stack.worker(profile="high_traffic", cache_rag_ttl="600", cache_tts_max_entries="7")
    await_redis(worker, "up")
    return worker


def caches(worker: Worker) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = httpx.get(f"{worker.admin_url}/v1/admin/caches").json()["caches"]
    return found


def forget(worker: Worker, body: dict[str, object]) -> httpx.Response:
    return httpx.post(f"{worker.admin_url}/v1/admin/invalidate", json=body)


def test_the_numbers_in_force_are_the_profiles_and_each_ones_own_setting(worker: Worker) -> None:
    shown = caches(worker)
    assert set(shown) >= {"config", "prompt", "rag", "tts"}
    assert shown["rag"]["policy"]["ttl"] == 600
    assert shown["rag"]["l1"]["max_entries"] == 2000
    assert shown["tts"]["l1"]["max_entries"] == 7
    assert shown["config"]["policy"]["ttl"] == 300


def test_the_numbers_in_force_are_said_at_the_start(worker: Worker) -> None:
    (line,) = [line for line in worker.process.says("serving").splitlines() if '"event": "serving"' in line]
    assert '"cache_rag_ttl": 600.0' in line


def test_it_says_what_memory_holds_and_who_answered(worker: Worker) -> None:
    before = caches(worker)["rag"]
    for _ in range(4):
        worker.answer("Why does my shoulder hurt at night?")
    after = caches(worker)["rag"]
    assert after["l1"]["entries"] == before["l1"]["entries"] + 1
    assert before["l1"]["bytes"] < after["l1"]["bytes"] < after["l1"]["max_bytes"]
    assert after["lookups"]["l1"] - before["lookups"]["l1"] == 3
    lookups = after["lookups"]
    assert after["hit_ratio"] == round(1 - lookups["origin"] / sum(lookups.values()), 4)


def test_a_cache_that_was_never_asked_has_no_hit_ratio(stack: Stack) -> None:
    assert caches(stack.worker())["rag"]["hit_ratio"] is None


def test_every_worker_forgets_what_is_named(stack: Stack, worker: Worker) -> None:
    other = stack.worker()
    await_redis(other, "up")
    for one in (worker, other, worker, other):
        one.answer("What is gout?")
    report = forget(worker, {"organisation": "sahyadri", "knowledge": True}).json()
    assert len(report["acknowledged"]) >= 2
    assert all(name.startswith("test/") and "#" not in name for name in report["acknowledged"])
    assert report["waited_out"] == []
    assert other.answer("What is gout?").json()["from"] == {"config": "l1", "prompt": "l1", "rag": "origin"}
    forget(worker, {"organisation": "sahyadri", "agents": ["reception"]})
    assert other.answer("What is gout?").json()["from"] == {"config": "origin", "prompt": "origin", "rag": "l1"}
    forget(worker, {"organisation": "sahyadri"})
    assert set(other.answer("What is gout?").json()["from"].values()) == {"origin"}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "organisation"),
        ({"organisation": ""}, "organisation"),
        ({"organisation": "sahyadri", "agents": "reception"}, "agents"),
        ({"organisation": "sahyadri", "knowlegde": True}, "knowlegde"),
    ],
)
def test_a_wrong_wish_is_refused_by_its_field(worker: Worker, body: dict[str, object], field: str) -> None:
    refused = forget(worker, body)
    assert (refused.status_code, refused.json()["error"]["field"]) == (400, field)


def test_callers_reach_none_of_it(worker: Worker) -> None:
    assert httpx.get(f"{worker.url}/v1/admin/caches").status_code == 404
    assert httpx.post(f"{worker.url}/v1/admin/invalidate", json={"organisation": "sahyadri"}).status_code == 404
    assert "/v1/admin/caches" not in httpx.get(f"{worker.url}/v1/openapi.json").json()["paths"]


def test_the_provider_does_not_reach_the_fleets_port(worker: Worker) -> None:
    assert httpx.post(f"{worker.admin_url}/v1/webhooks/knowledge-updated").status_code == 404


def test_without_redis_nobody_is_promised_anything(stack: Stack, worker: Worker) -> None:
    stack.redis.stop()
    try:
        failed = forget(worker, {"organisation": "sahyadri"})
        assert (failed.status_code, failed.json()["error"]["code"]) == (503, "invalidation_failed")
        assert failed.headers["retry-after"] == "1"
    finally:
        stack.redis.start()
        await_redis(worker, "up")
