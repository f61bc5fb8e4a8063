import subprocess
import sys
from pathlib import Path

import pytest

from warmline_studies.__main__ import main


def test_a_trace_is_generated_and_described(capfdbinary: pytest.CaptureFixture[bytes], tmp_path: Path) -> None:
    assert main(["trace", "generate", "--shape", "conversations=200", "--seed", "3"]) == 0
    file = tmp_path / "trace.jsonl"
    sys.stdout.flush()
    file.write_bytes(capfdbinary.readouterr().out)
    assert main(["trace", "describe", "--trace", str(file)]) == 0
    said = capfdbinary.readouterr().out.decode()
    assert "6 of 3 organisations" in said
    assert "networks of three octets" in said


def test_a_broken_trace_is_refused_unless_told_to_skip(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "trace.jsonl"
    good = '{"at":1,"organisation":"o","agent":"a","caller":"10.0.0.1","kind":"question","text":"Why?"}\n'
    file.write_text(good + "nonsense\n" + good)
    assert main(["trace", "describe", "--trace", str(file)]) == 2
    assert "line 2" in capsys.readouterr().err
    assert main(["trace", "describe", "--trace", str(file), "--skip-broken"]) == 0
    out, err = capsys.readouterr()
    assert "2 question" in out
    assert "lines left out: 1" in err


@pytest.mark.parametrize(
    "words", [["generate", "--sample", "2"], ["knowledge", "--sample", "2"], ["knowledge", "--seed", "2"]]
)
def test_an_option_that_would_change_nothing_is_none(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["trace", *words])
    assert f"unrecognized arguments: {words[1]}" in capsys.readouterr().err


def test_a_file_that_is_not_there_is_said_to_be(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["trace", "describe", "--trace", str(tmp_path / "none.jsonl")]) == 1
    assert "none.jsonl" in capsys.readouterr().err


def test_a_reader_who_has_seen_enough_is_no_error() -> None:
    command = [sys.executable, "-m", "warmline_studies", "trace", "generate"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith(b'{"at":')
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 0
