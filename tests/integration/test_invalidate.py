"""`warmline invalidate`, as an operator runs it beside two workers."""

import os
import subprocess

import pytest

from tests.support.processes import python_path, warmline
from tests.support.processes.stack import Stack, await_redis


@pytest.fixture
def stack(own_stack: Stack) -> Stack:
    """One for each test."""
    return own_stack


def run(stack: Stack, *arguments: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("WARMLINE_")}
    environment = {**inherited, **python_path(), **stack.settings(), "WARMLINE_SLOT": "operator"}
    return subprocess.run(
        warmline("invalidate", *arguments), env=environment, capture_output=True, text=True, timeout=30, check=False
    )


def test_every_worker_forgets_what_is_named_and_nothing_else(stack: Stack) -> None:
    workers = [stack.worker(), stack.worker()]
    for worker in workers:
        await_redis(worker, "up")
        worker.answer("What is gout?")
        worker.answer("What is gout?")
    done = run(stack, "--organisation", "sahyadri", "--knowledge")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "acknowledged by test/1, test/2" in done.stdout
    assert workers[0].answer("What is gout?").json()["from"] == {"config": "l1", "prompt": "l1", "rag": "origin"}
    assert workers[1].answer("What is gout?").json()["from"] == {"config": "l1", "prompt": "l1", "rag": "l2"}


def test_a_whole_organisation_and_no_other(stack: Stack) -> None:
    worker = stack.worker()
    await_redis(worker, "up")
    for organisation in ("sahyadri", "kaveri"):
        worker.answer("What is gout?", organisation=organisation)
    assert run(stack, "--organisation", "sahyadri").returncode == 0
    assert set(worker.answer("What is gout?").json()["from"].values()) == {"origin"}
    assert set(worker.answer("What is gout?", organisation="kaveri").json()["from"].values()) == {"l1"}


def test_without_redis_it_fails_and_says_to_run_it_again(stack: Stack) -> None:
    stack.redis.stop()
    done = run(stack, "--organisation", "sahyadri")
    assert done.returncode == 1
    assert "not invalidated" in done.stderr
    assert "run it again" in done.stderr
