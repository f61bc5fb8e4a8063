"""The worker as a process: how it refuses to start, and how it stops."""

import contextlib
import fcntl
import json
import os
import signal
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.processes import free_port, python_path, simulator, warmline
from tests.support.processes.stack import Simulator, Stack, Worker
from tests.support.time.wait import until


def run(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """One run of our program with nothing but these settings."""
    return _run(warmline(*arguments), **settings)


def simulate(*arguments: str) -> subprocess.CompletedProcess[str]:
    """One run of the simulators."""
    return _run(simulator(*arguments))


def _run(command: list[str], **settings: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], **python_path(), **settings}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=False)


def test_every_bad_setting_is_reported_at_once_by_name(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.touch()
    done = run(
        "worker",
        WARMLINE_PORT="0",
        WARMLINE_PROFILE="medium",
        WARMLINE_REDIS_CACHE_URL="localhost:6379",
        WARMLINE_DATA_CONVEX_ULR="http://127.0.0.1:1",
    )
    assert done.returncode == 2
    for name in (
        "SLOT",
        "API_KEYS_FILE",
        "DATA_CONVEX_URL",
        "SPEECH_SARVAM_URL",
        "SPEECH_SARVAM_KEY_FILE",
        "PORT",
        "PROFILE",
        "REDIS_CACHE_URL",
    ):
        assert f"WARMLINE_{name}: " in done.stderr
    assert "WARMLINE_DATA_CONVEX_ULR: there is no such setting; did you mean WARMLINE_DATA_CONVEX_URL?" in done.stderr
    assert "Traceback" not in done.stderr


def test_files_that_cannot_be_read_are_reported_together(stack: Stack, tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    settings = {
        **stack.settings(),
        "WARMLINE_SLOT": "test/1",
        "WARMLINE_API_KEYS_FILE": str(tmp_path / "nowhere"),
        "WARMLINE_SPEECH_SARVAM_KEY_FILE": str(tmp_path / "empty"),
        "WARMLINE_REDIS_CACHE_URL": "redis://app:hunter2@127.0.0.1:6379/0",
    }
    done = run("check", **settings)
    assert done.returncode == 2
    assert "WARMLINE_API_KEYS_FILE: cannot read" in done.stderr
    assert "WARMLINE_SPEECH_SARVAM_KEY_FILE" in done.stderr
    assert "is empty" in done.stderr
    assert "WARMLINE_REDIS_CACHE_URL: must hold no password" in done.stderr
    assert "hunter2" not in done.stderr


@pytest.mark.parametrize("secret", [b"two\nlines", b"a\x00b", b"\xff"])
@pytest.mark.parametrize("name", ["SPEECH_SARVAM_KEY", "DATA_CONVEX_DEPLOY_KEY", "REDIS_STATE_PASSWORD"])
def test_a_secret_that_the_worker_would_refuse_is_refused_by_the_check(
    stack: Stack, tmp_path: Path, name: str, secret: bytes
) -> None:
    (tmp_path / "secret").write_bytes(secret)
    done = run(
        "check", **{**stack.settings(), "WARMLINE_SLOT": "a/1", f"WARMLINE_{name}_FILE": str(tmp_path / "secret")}
    )
    assert done.returncode == 2
    assert str(tmp_path / "secret") in done.stderr


@pytest.mark.parametrize(
    "content",
    ["", "[]", "{}", '[{"organisation": "a b", "sha256": "00"}]', '[{"organisation": "a", "key": "plain"}]'],
)
def test_a_file_of_api_keys_that_would_let_nobody_in_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "keys.json"
    file.write_text(content)
    done = run("check", "--api-keys", str(file))
    assert done.returncode == 2
    assert str(file) in done.stderr


def test_good_settings_are_said_to_be_good(stack: Stack) -> None:
    done = run("check", WARMLINE_SLOT="test/1", **stack.settings())
    assert (done.returncode, done.stderr) == (0, "")


def test_what_redis_refuses_is_said_in_its_own_words_by_the_check_that_asks_it(stack: Stack) -> None:
    settings = {**stack.settings(), "WARMLINE_SLOT": "test/1"}
    assert run("check", "--redis", **settings).returncode == 0
    with stack.redis.client() as client:
        client.execute_command("ACL", "SETUSER", "app", "resetpass", ">hunter2")
    try:
        done = run("check", "--redis", **settings)
        assert done.returncode == 1
        assert "redis cache refuses: WRONGPASS" in done.stderr
        done = run("check", "--redis", **{**settings, "WARMLINE_REDIS_CACHE_URL": "redis://127.0.0.1:1"})
        assert "redis cache does not answer: Error 111" in done.stderr
        assert "Traceback" not in done.stderr
        assert run("check", **settings).returncode == 0
    finally:
        with stack.redis.client() as client:
            client.execute_command("ACL", "SETUSER", "app", "nopass")
        stack.redis.forgive()


def test_a_taken_port_is_said_and_nothing_is_left_running(stack: Stack) -> None:
    taken = stack.worker()
    done = run("worker", WARMLINE_SLOT="test/2", WARMLINE_PORT=str(taken.port), **stack.settings())
    assert done.returncode == 1
    assert "Address already in use" in done.stderr


def test_the_effective_settings_are_logged_at_start_and_hold_no_secret(stack: Stack) -> None:
    output = stack.worker().process.says('"event": "serving"')
    assert '"cache_rag_ttl": 300.0, "cache_rag_negative_ttl": 10.0, "cache_rag_stale_while_revalidate": 60.0' in output
    assert "secret-of-sarvam" not in output


def test_a_callers_port_says_which_worker_of_which_release_answers(stack: Stack) -> None:
    worker = stack.worker(version="7", release="7-abc")
    answer = worker.get("/v1/health", organisation="nobody")
    assert answer.json() == {"slot": worker.ready()["slot"], "version": "7", "release": "7-abc"}
    assert worker.ready()["release"] == "7-abc"


def test_the_health_check_follows_the_workers_life(stack: Stack) -> None:
    worker = stack.worker()
    settings = {"WARMLINE_LISTEN_HOST": "127.0.0.1", "WARMLINE_ADMIN_PORT": str(worker.admin_port)}
    assert run("health", **settings).returncode == 0
    worker.process.kill()
    assert run("health", **settings).returncode == 1


def test_a_request_under_way_is_finished_before_the_worker_stops(stack: Stack, tmp_path: Path) -> None:
    slow = Simulator("sarvam", tmp_path, milliseconds=700)
    worker = stack.worker(speech_sarvam_url=slow.url)
    try:
        with ThreadPoolExecutor() as pool:
            speaking = pool.submit(worker.speech, "A phrase that takes its time")
            until(slow.spoken, seconds=5, what="the request to reach the provider")
            worker.process.signal(signal.SIGTERM)
            until(lambda: "draining" in worker.process.output, seconds=5, what="the drain")
            assert worker.ready()["ready"] is False
            assert speaking.result().status_code == 200
        assert worker.process.exit_code() == 0
    finally:
        slow.stop()


def test_a_worker_whose_log_nobody_reads_answers_and_its_last_words_are_there_when_somebody_does(
    stack: Stack, tmp_path: Path
) -> None:
    pipe = tmp_path / "unread-1.log"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDWR | os.O_NONBLOCK)
    fcntl.fcntl(reader, fcntl.F_SETPIPE_SZ, 4096)  # as full with the first lines as a larger one after a while
    nowhere = {"WARMLINE_DATA_CONVEX_URL": f"http://127.0.0.1:{free_port()}"}
    worker = Worker("unread/1", {**stack.settings(), **nowhere}, tmp_path)
    try:
        assert {worker.answer(f"question {number}").status_code for number in range(20)} == {503}
        assert worker.metric("warmline_log_lines_lost_total") == 0
        worker.process.signal(signal.SIGTERM)
        with ThreadPoolExecutor() as pool:
            ending = pool.submit(worker.process.exit_code)
            log = drained(reader, ending.done)
            assert ending.result() == 0
    finally:
        worker.process.kill()
        os.close(reader)
    assert log.count('"event": "upstream_failed"') >= 20
    assert json.loads(log.splitlines()[-1])["event"] == "stopped"


def drained(reader: int, over: Callable[[], bool]) -> str:
    """What comes out of a pipe until it is over."""
    read = bytearray()

    def empty() -> bool:
        ended = over()
        with contextlib.suppress(BlockingIOError):
            while True:
                read.extend(os.read(reader, 65536))
        return ended

    until(empty, seconds=20, what="the end of the log")
    return read.decode()


def test_a_second_signal_ends_the_wait(stack: Stack, tmp_path: Path) -> None:
    slow = Simulator("sarvam", tmp_path, milliseconds=30_000)
    worker = stack.worker(speech_sarvam_url=slow.url, speech_sarvam_timeout="60", drain_seconds="60")
    try:
        with ThreadPoolExecutor() as pool:
            speaking = pool.submit(worker.speech, "A phrase that never ends")
            until(slow.spoken, seconds=5, what="the request to reach the provider")
            worker.process.signal(signal.SIGTERM)
            until(lambda: "draining" in worker.process.output, seconds=5, what="the drain")
            worker.process.signal(signal.SIGTERM)
            assert worker.process.exit_code(seconds=12) == 0
            assert speaking.exception(timeout=5) is not None or speaking.result().status_code >= 500
    finally:
        slow.stop()


def test_a_simulator_that_cannot_listen_says_so_and_ends(stack: Stack) -> None:
    done = simulate("sarvam", "--port", str(stack.convex.port))
    assert done.returncode != 0
    assert "address already in use" in done.stderr.lower()


def test_wrong_usage_is_explained() -> None:
    done = simulate("sarvam", "--port", "9101", "--speech-ms", "soon")
    assert done.returncode == 2
    assert "--speech-ms: 'soon' is no number" in done.stderr
    assert "--speech-ms" in simulate("sarvam", "--help").stdout
