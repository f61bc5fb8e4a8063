"""`warmline probe` and `warmline talk` against edges that refuse, fall silent or answer."""

import io
import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread

import pytest

from tests.support.processes import INTERRUPTIBLE, python_path, warmline
from tests.support.processes.stack import Stack, key_of
from warmline.__main__ import main
from warmline.commands import ends, probe


@contextmanager
def answering(status: int, *, when: Event | None = None) -> Iterator[tuple[str, list[str]]]:
    """An edge that gives every request one status, once `when` is set; its URL, and the paths that were asked for."""
    asked: list[str] = []

    class Edge(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            asked.append(self.path.partition("?")[0])
            if when is not None:
                when.wait(60)
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.send_header("Connection", "close")
            self.end_headers()

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Edge)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        if when is not None:
            when.set()
        server.shutdown()
        server.server_close()


@pytest.fixture
def key(tmp_path: Path) -> str:
    (tmp_path / "key").write_text(key_of("sahyadri"))
    return str(tmp_path / "key")


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_probe_stops_at_the_first_refusal_that_no_other_try_would_change(
    status: int, key: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with answering(status) as (url, asked):
        assert main(["probe", "--url", url, "--agent", "reception", "--key-file", key]) == 1
    assert asked == ["/v1/agents/reception/answer"]
    assert f"HTTP {status}" in capsys.readouterr().out


def test_a_probe_of_an_edge_without_a_worker_looks_for_no_other_slot(
    key: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with answering(502) as (url, asked):
        assert main(["probe", "--url", url, "--agent", "reception", "--key-file", key, "--json"]) == 1
    assert len(asked) == 4
    said = json.loads(capsys.readouterr().out)
    assert (said["answered"], said["answer"]) == (False, None)
    assert [one["status"] for one in said["requests"]] == [502] * 4


@pytest.mark.parametrize("as_json", [False, True])
def test_a_probe_that_waits_too_long_says_so(as_json: bool, capsys: pytest.CaptureFixture[str]) -> None:
    def asked(url: str) -> int:
        return probe.run(url, agent="a", key="k", question="q", ca_file=None, as_json=as_json, seconds=0.05)

    with answering(200, when=Event()) as (url, _):
        assert ends.run(lambda: asked(url)) == 1
    said = capsys.readouterr()
    words = f"{url} did not answer within 0.05 s"
    if as_json:
        assert json.loads(said.out)["error"] == words
    else:
        assert said.err == f"warmline: {words}\n"


def test_a_probe_is_json_if_asked(stack: Stack, key: str, capsys: pytest.CaptureFixture[str]) -> None:
    worker = stack.worker()
    assert main(["probe", "--url", worker.url, "--agent", "reception", "--key-file", key, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["answered"]
    assert said["answer"].startswith("Knee pain is an ache")
    assert [(one["what"], one["when"]) for one in said["requests"]] == [
        ("knowledge answer", "cold"),
        ("knowledge answer", "warm"),
        ("first audio", "cold"),
        ("first audio", "warm"),
    ]
    assert said["requests"][0]["layers"]["rag"] == "origin"
    assert said["requests"][1]["layers"]["rag"] == "l1"


def test_a_probes_table_holds_no_escape_codes(stack: Stack, key: str, capsys: pytest.CaptureFixture[str]) -> None:
    worker = stack.worker()
    assert main(["probe", "--url", worker.url, "--agent", "reception", "--key-file", key]) == 0
    said = capsys.readouterr().out
    assert "\033" not in said
    assert said.count(" ms  ") == 4


def test_a_conversation_that_is_refused_is_not_tried_again(
    key: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    with answering(404) as (url, asked):
        assert main(["talk", "--url", url, "--agent", "reception", "--key-file", key]) == 1
    assert asked == ["/v1/sessions"]
    assert "refuses: HTTP 404" in capsys.readouterr().err


@pytest.mark.parametrize(("command", "code", "said"), [("probe", 130, b"warmline: interrupted\n"), ("talk", 0, b"")])
def test_somebody_who_interrupts_it_reads_no_traceback(command: str, code: int, said: bytes, key: str) -> None:
    """A person who ends a conversation has done so: that is no failure."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        words = [*INTERRUPTIBLE, *warmline(command, "--url", url, "--agent", "a", "--key-file", key)]
        with subprocess.Popen(
            words,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=python_path(),
        ) as process:
            connection, _ = silent.accept()
            with connection:
                process.send_signal(signal.SIGINT)
                assert process.communicate(timeout=30)[1] == said
        assert process.returncode == code
