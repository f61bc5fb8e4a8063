"""What `make` shows and says: the operators' targets first, all of them on request."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.support.processes import ROOT
from tests.support.tree.repository import makefiles

DOCUMENTED = re.compile(r"^([a-z-]+):.*?## ", re.MULTILINE)
SHOWN = re.compile(r"^  ([a-z-]+) {2,}\S", re.MULTILINE)


def make(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["make", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)


def test_make_help_shows_every_target_of_the_makefile_in_one_screen() -> None:
    targets = DOCUMENTED.findall((ROOT / "Makefile").read_text(encoding="utf-8"))
    assert SHOWN.findall(make("help").stdout) == targets
    assert len(targets) < 20


def test_make_help_all_shows_every_documented_target_of_every_included_file_once() -> None:
    targets = [name for file in makefiles() for name in DOCUMENTED.findall(file.read_text(encoding="utf-8"))]
    shown = SHOWN.findall(make("help-all").stdout)
    assert sorted(shown) == sorted(targets)
    assert len(shown) == len({*shown}) > 40


@pytest.mark.parametrize(
    ("old", "new"), [("lock", "make requirements"), ("unlock", "make break-lock ENV=staging YES=1")]
)
def test_a_name_that_could_be_mistaken_does_nothing_but_say_the_new_one(old: str, new: str) -> None:
    done = make(old)
    assert done.returncode == 2
    assert new in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("target", ["help", "help-all"])
def test_no_escape_codes_reach_a_pipe(target: str) -> None:
    assert "\033" not in make(target).stdout


@pytest.mark.parametrize(("variables", "bold"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_a_terminal_gets_bold_titles_unless_it_says_no_color(variables: dict[str, str], bold: bool) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    command = ["script", "--quiet", "--return", "--command", "make help", "/dev/null"]
    done = subprocess.run(
        command, cwd=ROOT, env={**environment, **variables}, capture_output=True, text=True, check=True
    )
    assert ("\033[1mDeploy" in done.stdout) == bold


def test_no_program_writes_escape_codes_without_asking_who_reads() -> None:
    """Each file that has one also looks whether a terminal reads, and at NO_COLOR."""
    codes = re.compile(r"\\(033|e|x1b)\[")
    files = [
        *makefiles(),
        *(ROOT / "ansible" / "bin").iterdir(),
        *(ROOT / "agent").rglob("*.py"),
        *(ROOT / "docker").rglob("*.py"),
    ]
    texts = {file: file.read_text(encoding="utf-8") for file in files if file.is_file()}
    assert [
        file
        for file, text in texts.items()
        if codes.search(text) and not {"NO_COLOR", "-t "} <= {*re.findall("NO_COLOR|-t ", text)}
    ] == []


def test_asking_a_fleet_that_was_not_deployed_from_here_says_what_to_do(tmp_path: Path) -> None:
    done = make("--silent", "ask", f"WARMLINE_STATE={tmp_path}")
    assert done.returncode == 2
    assert "deploy from this machine first" in done.stderr
    assert done.stdout == ""
