"""What an edge does about hosts and workers that are gone, stand still, or are asked to look as if they did."""

import os
import signal
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

from tests.support.edge.nginx import Nginx, Stubs, slots
from tests.support.processes import free_port
from tests.support.processes.stack import Stack

CLIENTS = [f"{first}.{second}.3.4" for first in (9, 77, 203) for second in range(0, 240, 8)]
GONE = "127.0.1.1"
ANSWER = "/v1/agents/reception/answer"
HTTP = httpx.Client(trust_env=False, timeout=60, limits=httpx.Limits(max_connections=None, max_keepalive_connections=0))


@contextmanager
def silent() -> Iterator[int]:
    """A port of the host that is gone at which connections are neither accepted nor refused: its queue is full."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind((GONE, 0))
        listener.listen(0)
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield int(listener.getsockname()[1])


@pytest.fixture(scope="module")
def stubs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stubs]:
    """Four workers of a host that lives."""
    stubs = Stubs(tmp_path_factory.mktemp("stubs"), 4)
    try:
        yield stubs
    finally:
        stubs.stop()


def two_hosts(dead: list[int], alive: list[int]) -> list[dict[str, object]]:
    """The slots of two hosts in turns, as a ledger has them."""
    pairs = zip(dead, alive, strict=True)
    listed = [(address, port) for pair in pairs for address, port in zip((GONE, "127.0.0.1"), pair, strict=True)]
    return [{"name": f"test/{n}", "address": address, "port": port} for n, (address, port) in enumerate(listed, 1)]


@contextmanager
def edge(folder: Path, listed: list[dict[str, object]], **variables: object) -> Iterator[Nginx]:
    nginx = Nginx(folder, listed, nginx_trusted_proxies=["127.0.0.1"], nginx_worker_processes=2, **variables)
    try:
        yield nginx
    finally:
        nginx.stop()


def ask(nginx: Nginx, client: str, path: str = ANSWER) -> tuple[int, float]:
    """The status that a client gets, and after how many seconds."""
    began = time.monotonic()
    status = HTTP.get(f"{nginx.url}{path}", headers={"X-Forwarded-For": client}).status_code
    return status, time.monotonic() - began


def test_every_get_is_answered_while_a_host_of_four_workers_does_not_even_refuse(stubs: Stubs, tmp_path: Path) -> None:
    with ExitStack() as stack:
        dead = [stack.enter_context(silent()) for _ in stubs.ports]
        nginx = stack.enter_context(edge(tmp_path, two_hosts(dead, stubs.ports)))
        answers = [ask(nginx, client) for client in CLIENTS]
    assert {status for status, _ in answers} == {200}
    # Half a second for each of its slots at worst, and what one client has found out no other has to.
    assert max(seconds for _, seconds in answers) < 4
    assert sum(seconds > 0.4 for _, seconds in answers) < len(CLIENTS) / 4


def test_every_get_is_answered_while_the_workers_of_a_host_are_all_closed(stubs: Stubs, tmp_path: Path) -> None:
    with edge(tmp_path, two_hosts([free_port(GONE) for _ in stubs.ports], stubs.ports)) as nginx:
        assert {ask(nginx, client)[0] for client in CLIENTS} == {200}


def test_who_is_sent_to_a_worker_that_stands_still_is_answered_by_another_and_the_next_ones_at_once(
    tmp_path: Path,
) -> None:
    (tmp_path / "other").mkdir()
    still, other = Stubs(tmp_path, 1), Stubs(tmp_path / "other", 1)
    (worker,) = Path(f"/proc/{still.process.id}/task/{still.process.id}/children").read_text().split()
    (tmp_path / "edge").mkdir()
    listed = slots(*still.ports, *other.ports)
    with edge(tmp_path / "edge", listed, nginx_answer_timeout=1, nginx_speech_timeout=60) as nginx:
        try:
            os.kill(int(worker), signal.SIGSTOP)
            with ThreadPoolExecutor(len(CLIENTS)) as pool:
                first = [*pool.map(lambda client: ask(nginx, client), CLIENTS)]
            later = [ask(nginx, client) for client in CLIENTS]
        finally:
            os.kill(int(worker), signal.SIGCONT)
            still.stop()
            other.stop()
    assert {status for status, _ in first + later} == {200}
    assert 1 <= max(seconds for _, seconds in first) < 5
    assert sum(seconds > 0.5 for _, seconds in later) <= 2


class Deaf:
    """A worker that takes requests, counts them, and closes the connection without a word."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.requests = 0
        self._thread = ThreadPoolExecutor(1)
        self._thread.submit(self._serve)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                self.requests += bool(connection.recv(65536))

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.shutdown()


def test_a_post_that_was_sent_is_sent_to_nobody_else(tmp_path: Path) -> None:
    deaf = [Deaf() for _ in range(3)]
    try:
        with edge(tmp_path, slots(*(one.port for one in deaf))) as nginx:
            assert HTTP.post(f"{nginx.url}{ANSWER}", json={"text": "hello"}).status_code == 502
            assert sum(one.requests for one in deaf) == 1
    finally:
        for one in deaf:
            one.close()


def test_a_post_that_nobody_took_is_taken_by_a_host_that_lives(stubs: Stubs, tmp_path: Path) -> None:
    with edge(tmp_path, two_hosts([free_port(GONE) for _ in stubs.ports], stubs.ports)) as nginx:
        statuses = {
            HTTP.post(f"{nginx.url}{ANSWER}", content=b"{}", headers={"X-Forwarded-For": client}).status_code
            for client in CLIENTS
        }
    assert statuses == {200}


def test_what_a_client_has_a_worker_repeat_never_looks_like_a_failure_of_the_worker(
    stack: Stack, tmp_path: Path
) -> None:
    """A redirect would repeat the query, which may be as long as nginx lets a line be."""
    workers = [stack.worker(), stack.worker()]
    with edge(tmp_path, slots(*(worker.port for worker in workers))) as nginx:
        for _ in range(8):
            assert ask(nginx, CLIENTS[0], "/v1/health/?" + "%7B" * 5_000)[0] == 404
        assert ask(nginx, CLIENTS[0], "/v1/health")[0] == 200
        assert not any("," in entry["upstream"] for entry in nginx.log())
