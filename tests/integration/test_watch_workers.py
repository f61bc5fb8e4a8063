"""A worker that stands still is ended, and who waited for it is answered by another."""

import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.support.edge.nginx import Nginx
from tests.support.processes import Process
from tests.support.processes.stack import Stack, Worker
from tests.support.tree.programs import load
from tests.support.tree.roles import ROLES

ADDRESS = "127.0.2.7"
WATCH = str(ROLES / "agent" / "files" / "watch-workers")
watch = load("agent", "watch-workers")


@pytest.fixture
def start(stack: Stack, tmp_path: Path) -> Iterator[Callable[[int], Worker]]:
    """Starts a worker of that number on the host that is watched."""
    started: list[Worker] = []

    def start(number: int) -> Worker:
        started.append(Worker(f"watched/{number}", {**stack.settings(), "WARMLINE_LISTEN_HOST": ADDRESS}, tmp_path))
        return started[-1]

    try:
        yield start
    finally:
        for one in started:
            one.process.kill()


def test_a_worker_that_stands_still_is_ended_and_who_waits_for_it_is_answered_by_another(
    start: Callable[[int], Worker], tmp_path: Path
) -> None:
    still, other = start(1), start(2)
    (tmp_path / "edge").mkdir()
    listed = [{"name": f"test/{n}", "address": ADDRESS, "port": one.port} for n, one in enumerate((still, other), 1)]
    edge = Nginx(tmp_path / "edge", listed, nginx_affinity="none")
    still.process.signal(signal.SIGSTOP)
    watcher = Process(
        [sys.executable, WATCH, ADDRESS, "--every", "0.2", "--patience", "1", "--times", "3"],
        log=tmp_path / "watch.log",
    )
    try:
        with ThreadPoolExecutor(4) as pool:
            url = f"{edge.url}/v1/health"
            answers = [*pool.map(lambda _: httpx.get(url, timeout=50), range(4))]
        assert {answer.json()["slot"] for answer in answers} == {"watched/2"}
        assert still.process.exit_code() == -signal.SIGKILL
        assert f"watched/1 (process {still.process.id}) was silent 3 times in a row" in watcher.output
        assert other.process.id in watch.workers(ADDRESS)
    finally:
        watcher.kill()
        edge.stop()


def test_a_worker_that_is_asked_where_it_stands_says_so_and_ends(start: Callable[[int], Worker]) -> None:
    worker = start(1)
    watch.end(worker.process.id)
    assert worker.process.exit_code() == -signal.SIGABRT
    assert "Fatal Python error: Aborted" in worker.process.output
    assert "most recent call first" in worker.process.output


def test_what_refuses_connections_or_answers_is_not_silent_and_what_listens_only_is(
    start: Callable[[int], Worker],
) -> None:
    worker = start(1)
    assert not watch.silent(ADDRESS, worker.admin_port, 10, 2)
    worker.process.signal(signal.SIGSTOP)
    assert watch.silent(ADDRESS, worker.admin_port, 0.1, 2)
    worker.process.kill()
    assert not watch.silent(ADDRESS, worker.admin_port, 10, 2)


def test_one_that_answers_every_question_late_is_alive() -> None:
    with socket.create_server((ADDRESS, 0)) as late:

        def answer() -> None:
            connection, _ = late.accept()
            with connection:
                time.sleep(0.5)  # longer than one wait, and what is tried here
                connection.sendall(b"HTTP/1.0 200 OK\r\n\r\n")

        with ThreadPoolExecutor(1) as pool:
            pool.submit(answer)
            assert not watch.silent(ADDRESS, late.getsockname()[1], 0.2, 50)
