"""Deploying again: nothing changes, nothing would change, and nothing secret is shown."""

import os
import re
import subprocess
from functools import cache

import pytest

from tests.support import fleet
from tests.support.processes import ROOT

pytestmark = pytest.mark.timeout(400)
RECAP = re.compile(r"^(\S+)\s+: ok=(\d+)\s+changed=(\d+)\s+unreachable=(\d+)\s+failed=(\d+)", re.MULTILINE)
HOSTS = {*fleet.addresses(), "localhost"}


@cache
def made(target: str) -> str:
    """The output of `make target`, run from another folder."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    command = ["make", "--directory", str(ROOT), target]
    done = subprocess.run(command, cwd="/", env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    return done.stdout + done.stderr


def changes(output: str) -> dict[str, int]:
    """Changes by host, over all plays."""
    found: dict[str, int] = {}
    for host, _, changed, unreachable, failed in RECAP.findall(output):
        assert (unreachable, failed) == ("0", "0"), host
        found[host] = found.get(host, 0) + int(changed)
    return found


def test_a_second_deploy_changes_nothing() -> None:
    assert changes(made("deploy")) == dict.fromkeys(HOSTS, 0)


def test_check_mode_finds_nothing_to_change() -> None:
    assert changes(made("plan")) == dict.fromkeys(HOSTS, 0)


def test_a_deploy_shows_an_answer_cold_and_warm_with_its_layers_and_milliseconds() -> None:
    output = made("deploy")
    row = r"^  (knowledge answer|first audio      | {17})\s+(cold|warm|another slot)\s+([\d.]+) ms  \S+\s+(.*)$"
    rows = [(when, float(ms), layers) for _, when, ms, layers in re.findall(row, output, re.MULTILINE)]
    assert [when for when, _, _ in rows] == ["cold", "warm", "another slot"] * 2
    assert "rag=origin" in rows[0][2]
    assert "rag=l1" in rows[1][2]
    assert "rag=l2" in rows[2][2]
    assert "tts=origin" in rows[3][2]
    assert rows[3][1] > 300


def test_a_deploy_ends_with_what_to_open_and_try() -> None:
    assert "make ask" in made("deploy")
    assert "https://127.0.0.1:8443/demo, with the key in " in made("deploy")


@pytest.mark.parametrize("target", ["deploy", "plan"])
def test_neither_shows_a_secret(target: str) -> None:
    output = made(target)
    assert [name for name, secret in fleet.secrets().items() if secret in output] == []
