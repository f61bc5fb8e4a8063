"""Deploying again: nothing changes, nothing would change, and nothing secret is shown."""

import re
from functools import cache

import pytest

from tests.support import fleet
from tests.support.fleet import operations

pytestmark = pytest.mark.timeout(400)
HOSTS = {*fleet.addresses(), "localhost"}


@cache
def made(target: str) -> str:
    """The output of `make target`."""
    return operations.done(operations.make(target))


@pytest.mark.parametrize("target", ["deploy", "plan"])
def test_either_reaches_every_host(target: str) -> None:
    assert {*operations.changes(made(target))} == HOSTS


def test_a_second_deploy_changes_nothing() -> None:
    assert operations.changed(made("deploy")) == []


def test_check_mode_finds_nothing_to_change() -> None:
    assert operations.changed(made("plan")) == []


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
