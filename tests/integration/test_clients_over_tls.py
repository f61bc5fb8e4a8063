"""The command line's clients through an edge whose certificate only its own authority vouches for."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.edge.nginx import Nginx, slots
from tests.support.processes import certificates, python_path, warmline
from tests.support.processes.stack import Stack, key_of


@pytest.fixture(scope="module")
def edge(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nginx]:
    folder = tmp_path_factory.mktemp("edge")
    certificates.make(folder / "edge.pem")
    worker = stack.worker(session_audio_lead="5")
    edge = Nginx(folder, slots(worker.port), nginx_tls=True)
    yield edge
    edge.stop()


def run(command: str, edge: Nginx, folder: Path, *options: str) -> tuple[int, str]:
    """The exit code of a client that asks one question, and all that it says."""
    key = folder / "key"
    key.write_text(key_of("sahyadri"))
    words = warmline(command, "--url", edge.https_url, "--agent", "reception", "--key-file", str(key), *options)
    done = subprocess.run(
        words, input="What is gout?\n", capture_output=True, text=True, env=python_path(), timeout=60, check=False
    )
    return done.returncode, done.stdout + done.stderr


def test_a_probe_that_names_the_authority_is_answered_cold_and_warm(edge: Nginx, tmp_path: Path) -> None:
    code, said = run("probe", edge, tmp_path, "--ca-file", str(edge.bundle), "--question", "What is gout?")
    assert code == 0, said
    assert "rag=origin" in said
    assert "rag=l1" in said


def test_a_conversation_that_names_the_authority_is_held(edge: Nginx, tmp_path: Path) -> None:
    code, said = run("talk", edge, tmp_path, "--ca-file", str(edge.bundle))
    assert code == 0, said
    assert said.count("  agent: ") == 2


@pytest.mark.parametrize("command", ["probe", "talk"])
def test_without_it_the_client_says_at_once_what_to_name(edge: Nginx, tmp_path: Path, command: str) -> None:
    code, said = run(command, edge, tmp_path)
    assert code == 1
    assert said.startswith("warmline: the edge's certificate is not believed")
    assert said.endswith("name its authority's file with --ca-file\n")


@pytest.mark.parametrize("command", ["probe", "talk"])
def test_a_file_that_holds_no_certificate_is_named(edge: Nginx, tmp_path: Path, command: str) -> None:
    (tmp_path / "empty.pem").write_text("")
    for name, complaint in (("empty.pem", "holds no certificate"), ("missing.pem", "No such file")):
        code, said = run(command, edge, tmp_path, "--ca-file", str(tmp_path / name))
        assert code == 1
        assert complaint in said
        assert name in said
        assert said.count("\n") == 1
