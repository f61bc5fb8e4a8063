"""How a command ends: an exit code that scripts can rely on, words for every error, and no traceback for bad input."""

import errno
import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.support.processes import INTERRUPTIBLE, python_path
from warmline.__main__ import main as worker
from warmline.commands import ends
from warmline.errors import SettingsError
from warmline_simulators.__main__ import main as simulators
from warmline_studies.__main__ import main as studies


def failing(error: BaseException) -> Callable[[], int]:
    def command() -> int:
        raise error

    return command


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (TimeoutError(), 1, "warmline: no answer came in time\n"),
        (ConnectionResetError(), 1, "warmline: ConnectionResetError\n"),
        (FileNotFoundError(errno.ENOENT, "No such file or directory", "/nope"), 1, "warmline: /nope: No such file"),
        (ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused"), 1, "warmline: Connection refused\n"),
        (BrokenPipeError(errno.EPIPE, "Broken pipe"), 1, "warmline: Broken pipe\n"),  # a connection's, not the output's
        (SettingsError(["A is wrong", "B too"]), 2, "warmline: this cannot be used:\n  A is wrong\n  B too\n"),
        (KeyboardInterrupt(), 130, "warmline: interrupted\n"),
    ],
)
def test_every_error_has_words_and_its_exit_code(
    error: BaseException, code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ends.run(failing(error)) == code
    assert capsys.readouterr().err.startswith(said)


def test_a_fault_of_ours_keeps_its_traceback() -> None:
    with pytest.raises(KeyError):
        ends.run(failing(KeyError("ours")))


def shell(script: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in python_path().items() if not name.startswith("WARMLINE_")}
    return subprocess.run(
        ["bash", "-c", f"set -o pipefail; {script.replace('python ', sys.executable + ' ')}"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    "command",
    [
        "warmline --help",
        "warmline --version",
        "warmline check --list",
        "warmline_simulators --help",
        "warmline_studies trace generate",
        "warmline_studies plan --shape conversations=100 callers=50",
    ],
)
@pytest.mark.parametrize("reader", ["| head -c 0", ">&-"])
def test_a_reader_who_has_seen_enough_is_no_error(command: str, reader: str) -> None:
    done = shell(f"python -m {command} {reader}")
    assert done.returncode == 0
    assert "Error" not in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk_is_a_failure_in_words() -> None:
    done = shell("python -m warmline check --list >/dev/full")
    assert (done.returncode, done.stderr) == (1, "warmline: No space left on device\n")


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    """A folder of files that nobody can use."""
    (tmp_path / "empty").write_text("")
    (tmp_path / "two").write_text("one\ntwo\n")
    (tmp_path / "bytes").write_bytes(b"\xff\xfe\x00\xff")
    (tmp_path / "key").write_text("a-key\n")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.json").write_text("[]")
    return tmp_path


PROGRAMS = {"warmline": worker, "warmline_simulators": simulators, "warmline_studies": studies}
PROBE = "warmline probe --agent reception --url http://127.0.0.1:1 --key-file"
SARVAM = "warmline_simulators sarvam"
CONVEX = "warmline_simulators convex --port 0"
EDGES = (
    "nonsense",
    "''",
    "http://",
    "http://127.0.0.1:99999",
    "'http://[::1'",
    "http://a/?b",
    "ftp://a",
    "'http://a b'",
)
MISUSED = [
    *(f"{PROBE} {file}" for file in ("/nope", ".", "empty", "two", "bytes", "''")),
    *(f"warmline {name} --agent reception --key-file key --url {url}" for name in ("probe", "talk") for url in EDGES),
    f"{PROBE} key --question ''",
    f"{PROBE} key --agent ../x",
    "warmline",
    "warmline nonsense",
    "warmline worker",
    "warmline check",
    *(f"warmline check --api-keys {file}" for file in ("/nope", ".", "bytes", "empty", "''")),
    "WARMLINE_ADMIN_PORT=abc warmline health",
    "WARMLINE_ADMIN_PORT=99999 warmline health",
    "WARMLINE_ADMIN_PORT=abc warmline warm",
    "warmline invalidate --organisation a",
    *(f"{SARVAM} --port {port}" for port in ("x", "-1", "99999", "''")),
    *(f"{SARVAM} --port 0 {option}" for option in ("--speech-ms nan", "--speed 0", "--sockets -1", "--burst x")),
    f"{CONVEX} --data data",
    f"{CONVEX} --webhook-secret-file bytes",
    f"{CONVEX} --webhook-ca-file bytes",
    f"{CONVEX} --webhook-url nonsense",
    "warmline_studies trace describe --trace bytes",
    "warmline_studies trace describe --trace empty",
    "warmline_studies trace describe --trace ''",
    "warmline_studies trace generate --seed x",
    "warmline_studies trace generate --utterances bytes",
    "warmline_studies plan --trace .",
    "warmline_studies plan --prices bytes",
    "warmline_studies plan --validate bytes",
    "warmline_studies tune --metrics nonsense",
    "warmline_studies tune --apply ''",
]
FAILED = [
    f"{PROBE} key",
    f"{PROBE} key --ca-file .",
    f"{PROBE} key --ca-file bytes",
    "warmline talk --agent reception --key-file key --url http://127.0.0.1:1 --save /nope/a.wav",
    "WARMLINE_ADMIN_PORT=1 warmline health",
    "WARMLINE_ADMIN_PORT=1 warmline warm",
    f"{SARVAM} --port 1 --host 192.0.2.1",
    f"{CONVEX} --data /nope",
    f"{CONVEX} --data key",
    f"{CONVEX} --webhook-secret-file /nope",
    f"{CONVEX} --webhook-ca-file /nope",
    "warmline_simulators pager --port 0 --file /nope/alerts",
    "warmline_simulators pager --port 0 --file .",
    "warmline_studies trace describe --trace /nope",
    "warmline_studies trace describe --trace .",
    "warmline_studies trace generate --utterances /nope",
    "warmline_studies plan --validate .",
    "warmline_studies tune --apply /nope",
    "warmline_studies tune --apply .",
    "warmline_studies tune --svg /nope/curves.svg",
    "warmline_studies tune --svg .",
]


@pytest.mark.parametrize(
    ("command", "code"), [*((one, 2) for one in MISUSED), *((one, 1) for one in FAILED)], ids=[*MISUSED, *FAILED]
)
def test_bad_input_is_refused_in_words(
    command: str, code: int, bad: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(bad)
    for name in [name for name in os.environ if name.startswith("WARMLINE_")]:
        monkeypatch.delenv(name)
    words = shlex.split(command)
    while "=" in words[0]:
        monkeypatch.setenv(*words.pop(0).split("="))
    assert outcome(PROGRAMS[words[0]], words[1:]) == code
    said = capfd.readouterr()
    assert said.err.strip()
    assert said.out == ""
    assert "a-key" not in said.err


def outcome(program: Callable[[Sequence[str]], int], words: Sequence[str]) -> int | str | None:
    """The exit code; an error that the program has no words for fails the test."""
    try:
        return program(words)
    except SystemExit as left:
        return left.code


def test_an_interrupted_study_says_so_without_a_traceback() -> None:
    study = ["trace", "generate", "--shape", "conversations=100000000"]
    command = [*INTERRUPTIBLE, sys.executable, "-m", "warmline_studies", *study]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=python_path()) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()  # it is at work
        process.send_signal(2)
        while os.read(process.stdout.fileno(), 65536):
            pass
        assert process.stderr.read() == b"warmline: interrupted\n"
        assert process.wait() == 130
