"""The batches of a rollout, carried out on a fleet of paper: who serves at each step, and what is left in the end."""

import re
from hashlib import sha256
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.support.tree.plugins import load
from tests.unit.ansible.test_ledger import TWO, filters, inventory

rollouts = load("filter", "rollout")
Json = dict[str, Any]
KINDS = ("deploy", "rollback", "scale", "drain", "undrain")


class Fleet:
    """Containers and the edges' ledger, changed as the playbooks change them."""

    def __init__(self, of: Json = TWO) -> None:
        self.inventory = of
        self.ledger = filters.ledger([], [], of)
        self.containers: dict[tuple[str, str], Json] = {}

    @property
    def found(self) -> list[Json]:
        return [*self.containers.values()]

    def serving(self) -> dict[str, str]:
        """Slot → the release that answers there."""
        found = {}
        for slot in self.ledger["slots"]:
            if not slot["down"]:
                one = self.containers[slot["host"], f"warmline-agent-{slot['worker']}-{slot['colour']}"]
                assert one["running"], f"the edges list {slot['name']}, and nothing runs there"
                found[slot["name"]] = one["release"]
        return found

    def plan(self, target: Json, **asked: str) -> Json:
        wished = filters.wish(self.ledger, self.inventory, asked)
        plan: Json = rollouts.rollout(self.ledger, wished, self.found, {**target, "percent": 50})
        return plan

    def carry_out(self, plan: Json, *, batches: int | None = None) -> None:
        """The batches in order, as far as it says; at every step whoever is listed must run."""
        for batch in plan["batches"][:batches]:
            for start in filters.ported(batch["starts"]):
                one = {name: start[name] for name in ("host", "container", "colour", "release", "image")}
                self.containers[start["host"], start["container"]] = {**one, "slot": start["name"], "running": True}
            self.serving()
            self.ledger = batch["ledger"]
            self.serving()
            for stop in batch["stops"]:
                self.containers[stop["host"], stop["container"]]["running"] = False
            for gone in batch["removes"]:
                del self.containers[gone["host"], gone["container"]]
            self.serving()

    def deploy(self, release: str, **asked: str) -> Json:
        plan = self.plan(target(release), **asked)
        self.carry_out(plan)
        return plan

    def change(self, **asked: str) -> Json:
        plan = self.plan(rollouts.serving(self.ledger, self.found), **asked)
        self.carry_out(plan)
        return plan

    def roll_back(self) -> Json:
        plan = self.plan(rollouts.previous(self.ledger, self.found))
        self.carry_out(plan)
        return plan


def target(release: str) -> Json:
    return {"release": release, "image": f"registry/agent:{release}"}


def started(plan: Json) -> list[list[str]]:
    """The slots that each batch starts."""
    return [[start["name"] for start in batch["starts"]] for batch in plan["batches"]]


def test_a_fleet_begins_all_at_once() -> None:
    fleet = Fleet()
    assert started(fleet.deploy("1")) == [["agent-1/1", "agent-2/1", "agent-1/2", "agent-2/2"]]
    assert {*fleet.serving().values()} == {"1"}


def test_a_new_release_takes_one_slot_first_and_the_others_in_batches() -> None:
    fleet = Fleet()
    fleet.deploy("1")
    assert started(fleet.deploy("2")) == [["agent-1/1"], ["agent-2/1", "agent-1/2"], ["agent-2/2"]]
    assert {*fleet.serving().values()} == {"2"}
    assert {slot["colour"] for slot in fleet.ledger["slots"]} == {"green"}


def test_deploying_what_serves_does_nothing() -> None:
    fleet = Fleet()
    fleet.deploy("1")
    assert fleet.deploy("1")["batches"] == []


def test_the_release_before_is_kept_for_a_rollback_and_a_second_rollback_goes_forth_again() -> None:
    fleet = Fleet()
    fleet.deploy("1")
    fleet.deploy("2")
    back = fleet.roll_back()
    assert all(start["kept"] for batch in back["batches"] for start in batch["starts"])
    assert {*fleet.serving().values()} == {"1"}
    fleet.roll_back()
    assert {*fleet.serving().values()} == {"2"}


def test_there_is_nothing_to_roll_back_to_after_the_first_deploy() -> None:
    fleet = Fleet()
    fleet.deploy("1")
    assert rollouts.previous(fleet.ledger, fleet.found)["release"] == ""


def test_what_a_deploy_that_died_had_started_is_nothing_to_roll_back_to() -> None:
    fleet = Fleet()
    fleet.deploy("1")
    fleet.deploy("2")
    for start in filters.ported(fleet.plan(target("3"))["batches"][1]["starts"]):
        fleet.containers[start["host"], start["container"]].update(release="3", running=True)
    assert rollouts.previous(fleet.ledger, fleet.found)["release"] == "1"


def test_a_slot_that_never_ran_the_release_before_needs_its_configuration_there() -> None:
    fleet = Fleet()
    fleet.deploy("1")
    fleet.deploy("2")
    fleet.change(workers="6")
    plan = fleet.plan(rollouts.previous(fleet.ledger, fleet.found))
    assert rollouts.missing(plan, {"agent-1": ["1", "2"], "agent-2": ["2"]}) == ["agent-2/1", "agent-2/2", "agent-2/3"]
    assert rollouts.missing(plan, {"agent-1": ["1", "2"], "agent-2": ["1"]}) == []


def test_scaling_starts_and_stops_what_was_asked_for_and_touches_nothing_else() -> None:
    fleet = Fleet()
    fleet.deploy("1")
    out = fleet.change(workers="8")
    assert started(out) == [["agent-1/3", "agent-2/3", "agent-1/4", "agent-2/4"]]
    assert all(not batch["stops"] for batch in out["batches"])
    fleet.change(workers="3")
    assert [*fleet.serving()] == ["agent-1/1", "agent-2/1", "agent-1/2"]
    assert {one["slot"] for one in fleet.found} == {*fleet.serving()}


def test_a_drained_host_keeps_its_workers_stopped_and_gets_them_back_as_they_were() -> None:
    fleet = Fleet()
    fleet.deploy("1")
    fleet.change(drain="agent-1")
    assert [one["running"] for one in fleet.found if one["host"] == "agent-1"] == [False, False]
    back = fleet.change(undrain="agent-1")
    assert all(start["kept"] for batch in back["batches"] for start in batch["starts"])
    assert len(fleet.serving()) == 4


def test_a_host_drained_during_a_deploy_comes_back_with_the_new_release() -> None:
    fleet = Fleet()
    fleet.deploy("1")
    fleet.change(drain="agent-1")
    fleet.deploy("2")
    fleet.change(undrain="agent-1")
    assert {*fleet.serving().values()} == {"2"}
    assert len(fleet.serving()) == 4


def test_a_worker_that_vanished_is_replaced_by_the_next_deploy() -> None:
    fleet = Fleet()
    fleet.deploy("1")
    del fleet.containers["agent-1", "warmline-agent-1-blue"]
    assert started(fleet.plan(target("1"))) == [["agent-1/1"]]


def test_workers_of_the_first_version_move_to_the_other_port_and_their_containers_go() -> None:
    fleet = Fleet()
    fleet.deploy("1")
    old = {
        ("agent-1" if "agent-1" in slot else "agent-2", f"warmline-agent-{slot[-1]}"): {
            "host": slot.split("/")[0],
            "container": f"warmline-agent-{slot[-1]}",
            "slot": slot,
            "colour": "blue",
            "release": "",
            "image": "r/agent:0",
            "running": True,
        }
        for slot in fleet.serving()
    }
    now = filters.ledger([], [*old.values()], TWO)
    plan = rollouts.rollout(now, filters.wish(now, TWO), [*old.values()], {**target("2"), "percent": 50})
    assert {start["colour"] for batch in plan["batches"] for start in batch["starts"]} == {"green"}
    assert {one["slot"] for batch in plan["batches"] for one in batch["stops"]} == {*fleet.serving()}
    assert {one["slot"] for one in plan["batches"][-1]["removes"]} == {*fleet.serving()}


def test_the_releases_that_a_host_has_are_the_folders_there() -> None:
    folder = {"path": "/etc/warmline/agent/releases/dev-1-2", "isdir": True}
    assert rollouts.read_configured({"agent-1": [folder], "agent-2": []}) == {"agent-1": ["dev-1-2"], "agent-2": []}


def test_a_rollback_goes_back_a_deploy_goes_on_and_everything_else_stays() -> None:
    fleet = Fleet()
    fleet.deploy("1")
    fleet.deploy("2")
    goals = {kind: rollouts.choose_target(fleet.ledger, fleet.found, kind, target("3")) for kind in KINDS}
    assert {kind: goal["release"] for kind, goal in goals.items()} == {
        **dict.fromkeys(KINDS, "2"),
        "deploy": "3",
        "rollback": "1",
    }


def test_workers_that_are_made_of_something_else_on_any_host_are_another_release() -> None:
    name = rollouts.name_release(["a1", "b2"], "dev-1f2e3d")
    assert re.fullmatch(r"dev-1f2e3d-[0-9a-f]{8}", name)
    assert name == rollouts.name_release(["b2", "", "a1", "a1"], "dev-1f2e3d")
    assert name != rollouts.name_release(["a1", "b3"], "dev-1f2e3d")


def test_a_release_is_called_what_it_was_called_when_ansible_worked_it_out() -> None:
    """Another name would roll every worker of a fleet that runs."""
    assert rollouts.name_release(["b2", "a1"], "1.0").removeprefix("1.0-") == sha256(b"a1b2").hexdigest()[:8]


def test_a_plan_is_told_batch_by_batch() -> None:
    fleet = Fleet(inventory("agent-1"))
    fleet.deploy("1")
    assert rollouts.says(fleet.plan(target("2")), "2") == [
        "release 2",
        "1. start agent-1/1 green; stop agent-1/1 blue",
        "2. start agent-1/2 green; stop agent-1/2 blue",
    ]
    assert rollouts.says(fleet.plan(target("1")), "1") == ["release 1", "nothing: all is as wished"]


def test_a_fleet_begins_with_the_ledger_that_is_unless_no_batch_will_lead_to_another() -> None:
    fleet = Fleet()
    fleet.deploy("1")
    plan, nothing = fleet.plan(target("2")), fleet.plan(target("1"))
    assert rollouts.begin_with(plan, fleet.ledger, check_mode=False) == fleet.ledger
    assert rollouts.begin_with(plan, fleet.ledger, check_mode=True) == plan["ledger"]
    assert rollouts.begin_with(nothing, {}, check_mode=False) == nothing["ledger"]


OPERATIONS = st.one_of(
    st.tuples(st.just("deploy"), st.sampled_from("123")),
    st.tuples(st.just("workers"), st.integers(1, 10).map(str)),
    st.tuples(st.sampled_from(["drain", "undrain"]), st.sampled_from(["agent-1", "agent-2", "agent-3"])),
    st.tuples(st.just("rollback"), st.none()),
)


@given(st.lists(st.tuples(OPERATIONS, st.integers(0, 5)), max_size=12))
def test_whatever_is_done_and_wherever_it_is_broken_off_a_deploy_mends_it(
    steps: list[tuple[tuple[str, Any], int]],
) -> None:
    """A run that dies leaves the fleet after any of its batches; at every step each listed slot has its worker."""
    fleet = Fleet(inventory("agent-1", "agent-2", "agent-3"))
    fleet.deploy("0")
    for (what, value), batches in steps:
        asked = {} if what in {"deploy", "rollback"} else {what: value}
        if filters.problems(fleet.ledger, filters.wish(fleet.ledger, fleet.inventory, asked), fleet.inventory, asked):
            continue
        goal = {"deploy": target(str(value)), "rollback": rollouts.previous(fleet.ledger, fleet.found)}
        wanted = goal.get(what, rollouts.serving(fleet.ledger, fleet.found))
        if wanted["release"]:
            fleet.carry_out(fleet.plan(wanted, **asked), batches=batches)
    fleet.deploy("4")
    assert {*fleet.serving().values()} == {"4"}
    running = [one for one in fleet.found if one["running"]]
    assert len(running) == len(fleet.serving())
    assert fleet.deploy("4")["batches"] == []
