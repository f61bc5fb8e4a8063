"""What does not begin, and what an operator is then told to do."""

from collections.abc import Sequence
from typing import Any

import pytest

from tests.support.tree.plugins import load

refusals = load("filter", "refusals")
Json = dict[str, Any]

ONE: Json = {"release": "1", "image": "r/agent:1", "others": []}
TWO: Json = {"release": "2", "image": "r/agent:2", "others": ["1"]}
NONE: Json = {"release": "", "image": "", "others": []}
DEPLOYED: Json = {"release": "3", "image": "r/agent:3"}
KEEPING = ("scale", "drain", "undrain")


def refused(
    kind: str,
    target: Json = ONE,
    serving: Json = ONE,
    missing: Sequence[str] = (),
    old_processes: Sequence[str] = ("0",),
) -> list[str]:
    """The sentences; an edge may keep 24 old processes."""
    said: list[str] = refusals.refuse(target, kind, serving, missing, old_processes, most_old=24)
    return said


@pytest.mark.parametrize("kind", ["rollback", *KEEPING])
def test_a_fleet_that_serves_one_release_is_changed(kind: str) -> None:
    assert refused(kind) == []


@pytest.mark.parametrize("serving", [NONE, ONE, TWO])
def test_a_deploy_begins_whatever_serves_and_brings_the_configuration_that_hosts_lack(serving: Json) -> None:
    assert refused("deploy", DEPLOYED, serving, missing=["agent-1/1"]) == []


def test_a_rollback_needs_a_release_to_go_back_to_and_names_no_host_without_one() -> None:
    said = "No worker has a release to go back to: the one before is kept from one deploy to the next."
    assert refused("rollback", NONE, missing=["agent-1/1"]) == [said]


def test_a_rollback_does_not_guess_what_a_run_that_died_was_about() -> None:
    [said] = refused("rollback", ONE, serving=TWO)
    assert said.startswith("A run died half-way")


@pytest.mark.parametrize("kind", KEEPING)
def test_a_fleet_that_serves_nothing_or_two_releases_is_deployed_first(kind: str) -> None:
    assert refused(kind, NONE, NONE) == ["Nothing serves yet: make deploy"]
    assert refused(kind, TWO, TWO) == ["Workers of several releases serve (1): make deploy first"]


@pytest.mark.parametrize("kind", ["rollback", *KEEPING])
def test_slots_whose_host_never_had_the_release_are_named(kind: str) -> None:
    said = "The release 1 never was on the host of agent-1/1, agent-2/1: make deploy"
    assert refused(kind, missing=["agent-1/1", "agent-2/1"]) == [said]


@pytest.mark.parametrize("kind", ["deploy", *KEEPING])
def test_an_edge_that_keeps_too_many_processes_stops_what_is_not_urgent(kind: str) -> None:
    assert refused(kind, old_processes=["3\n", "24\n"]) == []
    [said] = refused(kind, old_processes=["3", "25"])
    assert said.startswith("An edge keeps 25 processes")
    assert "raise fleet_old_processes" in said


def test_a_rollback_is_never_kept_from_beginning_by_conversations() -> None:
    assert refused("rollback", old_processes=["1000"]) == []


@pytest.mark.parametrize("unread", ["", "pgrep: no such program"])
def test_an_edge_that_counts_nothing_keeps_nothing(unread: str) -> None:
    assert refused("deploy", DEPLOYED, old_processes=[unread]) == []
