"""The slots in their fixed order: what is appended, what retires, whose word is the last."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.tree.plugins import load

filters = load("filter", "ledger")


def inventory(*hosts: str, per_host: int = 2) -> dict[str, Any]:
    """An inventory of these hosts."""
    return {"hosts": [*hosts], "addresses": {host: f"10.0.0.{host[-1]}" for host in hosts}, "per_host": per_host}


TWO = inventory("agent-1", "agent-2")


def fresh(of: dict[str, Any] = TWO) -> dict[str, Any]:
    """The ledger of a fleet that begins with that inventory."""
    ledger: dict[str, Any] = filters.wish(filters.ledger([], [], of), of)
    return ledger


def up(ledger: dict[str, Any]) -> list[str]:
    """The names of the slots that take callers."""
    return [slot["name"] for slot in ledger["slots"] if not slot["down"]]


def scaled(ledger: dict[str, Any], workers: int, of: dict[str, Any] = TWO) -> dict[str, Any]:
    wished: dict[str, Any] = filters.wish(ledger, of, {"workers": str(workers)})
    return wished


def test_every_host_comes_once_before_any_comes_twice() -> None:
    three = inventory("agent-1", "agent-2", "agent-3")
    assert up(fresh(three)) == ["agent-1/1", "agent-2/1", "agent-3/1", "agent-1/2", "agent-2/2", "agent-3/2"]


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(1, 40)), min_size=1, max_size=6))
def test_whatever_a_fleet_goes_through_no_slot_moves_and_as_many_are_up_as_were_asked_for(
    steps: list[tuple[int, int]],
) -> None:
    ledger, hosts = fresh(), ["agent-1", "agent-2"]
    for host_number, workers in steps:
        hosts = [*hosts, *{f"agent-{host_number}"} - {*hosts}]
        of = inventory(*hosts)
        after = scaled(ledger, workers, of)
        names = [slot["name"] for slot in after["slots"]]
        assert names[: len(ledger["slots"])] == [slot["name"] for slot in ledger["slots"]]
        assert len(names) == len({*names})
        assert len(up(after)) == workers
        ledger = after


@given(st.integers(1, 49))
def test_no_two_colours_of_any_two_workers_of_a_host_share_a_port(workers: int) -> None:
    slots = fresh(inventory("agent-1", per_host=workers))["slots"]
    both = filters.ported([{**slot, "colour": colour} for slot in slots for colour in ("blue", "green")])
    ports = [slot[kind] for slot in both for kind in ("port", "admin_port")]
    assert len({*ports}) == 4 * workers
    assert all(8100 < slot["port"] < 8200 < slot["admin_port"] < 8300 for slot in both)


def test_scaling_in_retires_the_last_slots_and_scaling_out_brings_them_back() -> None:
    eight = scaled(fresh(), 8)
    three = scaled(eight, 3)
    assert up(three) == up(eight)[:3]
    assert len(three["slots"]) == 8
    assert up(scaled(three, 8)) == up(eight)


def test_a_number_scaled_to_outlives_deploys_until_the_inventory_says_another() -> None:
    eight = scaled(fresh(), 8)
    assert len(up(filters.wish(eight, TWO))) == 8
    assert len(up(filters.wish(eight, inventory("agent-1", "agent-2", per_host=3)))) == 6


def test_scaling_to_the_inventorys_own_number_leaves_nothing_to_remember() -> None:
    assert scaled(scaled(fresh(), 8), 4)["workers"] is None


def test_a_drained_host_takes_nobody_until_it_is_taken_back_whatever_is_deployed_meanwhile() -> None:
    drained = filters.wish(fresh(), TWO, {"drain": "agent-1"})
    assert up(filters.wish(drained, TWO)) == ["agent-2/1", "agent-2/2"]
    assert up(filters.wish(drained, TWO, {"undrain": "agent-1"})) == up(fresh())


def test_a_host_that_is_added_gets_slots_behind_all_others() -> None:
    three = inventory("agent-1", "agent-3", "agent-2")
    after = filters.wish(fresh(), three)
    assert up(after) == [*up(fresh()), "agent-3/1", "agent-3/2"]


def test_a_drained_host_that_leaves_the_inventory_keeps_its_positions() -> None:
    one = inventory("agent-2")
    after = filters.wish(filters.wish(fresh(), TWO, {"drain": "agent-1"}), one)
    assert [slot["name"] for slot in after["slots"]] == up(fresh())
    assert up(after) == ["agent-2/1", "agent-2/2"]


def test_an_edge_without_a_copy_is_no_edge_that_says_nothing_serves() -> None:
    read = base64.b64encode(json.dumps({**fresh(), "serial": 3}).encode()).decode()
    assert filters.remember(["", read], [], TWO) == {**fresh(), "serial": 3}
    assert filters.remember(["", ""], [], TWO) == filters.ledger([], [], TWO)


def test_the_newest_copy_of_the_edges_is_believed() -> None:
    old, new = {**fresh(), "serial": 3}, {**scaled(fresh(), 8), "serial": 4}
    assert filters.ledger([old, new], [], TWO)["workers"] == 8


def test_a_drained_host_with_a_new_address_keeps_its_slots_and_one_that_serves_must_be_drained_first() -> None:
    moved = {**TWO, "addresses": {"agent-1": "10.9.9.9", "agent-2": "10.0.0.2"}}
    (said,) = filters.problems(fresh(), filters.wish(fresh(), moved), moved, {})
    assert said == "agent-1 has another address while it serves at the old one: `make drain HOST=agent-1` first."
    drained = filters.wish(fresh(), TWO, {"drain": "agent-1"})
    after = filters.wish(drained, moved, {"undrain": "agent-1"})
    assert filters.problems(drained, after, moved, {}) == []
    assert [slot["address"] for slot in after["slots"] if slot["host"] == "agent-1"] == ["10.9.9.9"] * 2


def listed(name: str, state: str = "running", **labels: str) -> dict[str, Any]:
    """A container as the Docker Engine lists it."""
    return {
        "Names": [f"/{name}"],
        "State": state,
        "Image": "r/agent:1",
        "Labels": {"io.warmline.service": "agent", **labels},
    }


def test_without_any_copy_what_runs_is_taken_for_what_serves() -> None:
    containers = {
        "agent-1": [
            listed("warmline-agent-1-green", **{"io.warmline.slot": "agent-1/1", "io.warmline.colour": "green"}),
            listed(
                "warmline-agent-1-blue", "exited", **{"io.warmline.slot": "agent-1/1", "io.warmline.colour": "blue"}
            ),
        ],
        "agent-2": [listed("warmline-agent-1", **{"io.warmline.slot": "agent-2/1"})],  # of the first release
    }
    ledger = filters.ledger([], filters.found(containers), TWO)
    assert {slot["name"]: slot["colour"] for slot in ledger["slots"] if not slot["down"]} == {
        "agent-1/1": "green",
        "agent-2/1": "blue",
    }


@pytest.mark.parametrize(
    ("asked", "complaint"),
    [
        ({"drain": "agent-7"}, "There is no host agent-7 in the group agents: agent-1, agent-2."),
        ({"workers": "many"}, "WORKERS=many is no number of workers."),
        ({"workers": "0"}, "Nobody would be left to take a call: undrain a host, or ask for at least one worker."),
        ({"workers": "99"}, "agent-1 would get 50 workers; its ports reach for 49."),
        ({}, None),
    ],
)
def test_what_cannot_be_had_is_refused_with_what_to_do(asked: dict[str, str], complaint: str | None) -> None:
    wished = filters.wish(fresh(), TWO, asked)
    assert filters.problems(fresh(), wished, TWO, asked) == ([] if complaint is None else [complaint])


def test_the_last_host_that_serves_cannot_be_drained() -> None:
    drained = filters.wish(fresh(), TWO, {"drain": "agent-1"})
    both = filters.wish(drained, TWO, {"drain": "agent-2"})
    assert "Nobody would be left" in filters.problems(drained, both, TWO, {"drain": "agent-2"})[0]


def test_a_host_that_serves_cannot_be_taken_out_of_the_inventory() -> None:
    one = inventory("agent-2")
    said = filters.problems(fresh(), filters.wish(fresh(), one), one, {})
    assert said == [
        "agent-1 left the inventory while it serves: put it back, `make drain HOST=agent-1`, then take it out."
    ]
