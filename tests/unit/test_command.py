"""What the command line refuses before it does anything."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.support.processes import ROOT
from warmline.__main__ import main


@pytest.mark.parametrize("name", ["sahyadri\n", "Sahyadri", "sahyadri ", "", "-x", "a" * 64])
@pytest.mark.parametrize("arguments", [[], ["--organisation=sahyadri"]])
def test_to_forget_what_can_be_nobodys_is_refused_instead_of_confirmed(
    capsys: pytest.CaptureFixture[str], name: str, arguments: list[str]
) -> None:
    option = "--agent" if arguments else "--organisation"
    with pytest.raises(SystemExit) as left:
        main(["invalidate", *arguments, f"{option}={name}"])
    said = capsys.readouterr()
    assert (left.value.code, said.out) == (2, "")
    assert "is no name" in said.err


@pytest.mark.parametrize("command", ["plan", "simulate", "trace", "tune"])
def test_a_command_that_is_no_workers_says_where_it_is(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "--help"]) == 2
    assert f"agent/bin/warmline {command}" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["check", "plan", "simulate", "trace", "tune"])
def test_from_a_clone_every_command_is_found_from_wherever_it_is_called(command: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [ROOT / "agent" / "bin" / "warmline", command, "--help"],
        cwd=tmp_path,
        env={**os.environ, "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert f"usage: warmline {command}" in done.stdout


def test_check_is_json_if_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "keys.json"
    assert main(["check", "--json", "--api-keys", str(file)]) == 2
    found = json.loads(capsys.readouterr().out)
    assert not found["good"]
    assert "keys.json" in found["problems"][0]
    file.write_text(json.dumps([{"organisation": "sahyadri", "sha256": "0" * 64}]))
    assert main(["check", "--json", "--api-keys", str(file)]) == 0
    assert json.loads(capsys.readouterr().out) == {"good": True, "problems": []}


def test_the_settings_are_json_if_asked(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--list", "--json"]) == 0
    found = {one["variable"]: one for one in json.loads(capsys.readouterr().out)}
    assert found["WARMLINE_CACHE_RAG_TTL"]["unit"] == "s"


def test_what_make_exports_is_no_bad_setting_of_a_worker(tmp_path: Path) -> None:
    environment = {**os.environ, "WARMLINE_STATE": str(tmp_path), "WARMLINE_ENV": "staging"}
    done = subprocess.run(
        [ROOT / "agent" / "bin" / "warmline", "check"], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "WARMLINE_STATE" not in done.stderr
    assert "WARMLINE_ENV" not in done.stderr
