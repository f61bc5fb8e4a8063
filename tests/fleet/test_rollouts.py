"""Everything that changes what serves, while two hundred callers go on calling: nobody fails, is cut or is moved.

The callers come through both edges' published ports, each from a network of its own; half ask, half hold conversations.
What takes minutes each and is less often done is in test_rollouts_long.py.
"""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.support import fleet, operations, plugins
from tests.support.load import Load, Report, shown
from tests.support.wait import until

pytestmark = pytest.mark.timeout(600)
CALLERS = fleet.callers(200)
affinity = plugins.load("filter", "affinity")


def serving() -> dict[str, str]:
    """Slot → the release that serves there, as every edge remembers it."""
    remembered = [fleet.ledger(edge) for edge in fleet.groups()["edges"]]
    assert all(one == remembered[0] for one in remembered)
    return {slot["name"]: slot["release"] for slot in remembered[0]["slots"] if not slot["down"]}


def predicted(callers: list[str] = CALLERS) -> dict[str, Any]:
    """Caller → the slot that the edges choose now; None where they take turns."""
    found = {caller: affinity.where(fleet.slots(), "ip_hash", client=caller) for caller in callers}
    return {caller: slot and slot["name"] for caller, slot in found.items()}


@contextmanager
def calling(what: str) -> Iterator[Load]:
    """Load on every slot, before and after; what became of it is shown at the end of the run, under that name."""
    edges = [fleet.published(edge) for edge in fleet.groups()["edges"]]
    load = Load(edges, CALLERS, fleet.key("sahyadri"), trust=fleet.trust())
    try:
        with load:
            load.settle({*serving()})
            yield load
            load.round()
    finally:
        shown.append("\n  ".join([f"{what}: {load.report.line()}", *load.report.lost_posts]))


def nobody_noticed(report: Report) -> None:
    assert report.failed == []
    assert report.lost_posts == []
    assert report.cut == []
    assert report.broken == 0


def nobody_moved(report: Report) -> None:
    assert {caller: seen for caller, seen in report.seen.items() if len(seen) > 1} == {}
    assert {caller: seen[0] for caller, seen in report.seen.items()} == predicted()


@contextmanager
def image(version: str, *lines: str) -> Iterator[str]:
    """An image made from the one that serves by some lines of a Dockerfile, in the fleet's registry; its name there."""
    pulled = (fleet.host("agent-1")).check_output(
        "docker inspect --format '{{.Config.Image}}' %s", fleet.slot("agent-1", 1)["container"]
    )
    pushed = f"127.0.0.1:5050/warmline/agent:{version}"
    base = pulled.replace(pulled.split("/")[0], "127.0.0.1:5050")
    dockerfile = "\n".join([f"FROM {base}", *lines, f"ENV WARMLINE_VERSION={version}"])
    build = ["docker", "build", "--quiet", "--tag", pushed, "-"]
    subprocess.run(build, input=dockerfile, text=True, check=True, capture_output=True)
    try:
        subprocess.run(["docker", "push", "--quiet", pushed], check=True, capture_output=True)
        yield pulled.rpartition(":")[0] + f":{version}"
    finally:
        subprocess.run(["docker", "image", "rm", "--force", pushed], check=False, capture_output=True)


@pytest.fixture
def as_it_was() -> Iterator[None]:
    """Afterwards the tree's own release serves again."""
    yield
    operations.done(operations.rollout("deploy"))


def test_a_deploy_and_its_rollback_are_noticed_by_nobody(as_it_was: None) -> None:
    before = serving()
    with image("next", "LABEL changed=1") as name:
        with calling("deploy") as load:
            operations.done(operations.rollout("deploy", "--extra-vars", f"agent_image={name}"))
        nobody_noticed(load.report)
        nobody_moved(load.report)
        after = serving()
        assert [*after] == [*before]
        assert all(release.startswith("next-") for release in after.values())
        again = operations.rollout("deploy", "--extra-vars", f"agent_image={name}")
        assert {*operations.changes(operations.done(again)).values()} == {0}
        plan = operations.playbook("deploy", "--check", "--diff", "--extra-vars", f"agent_image={name}")
        assert {*operations.changes(operations.done(plan)).values()} == {0}

    with calling("rollback") as load:
        operations.done(operations.make("rollback"))
    nobody_noticed(load.report)
    nobody_moved(load.report)
    assert serving() == before


def test_a_broken_release_is_found_by_the_canary_and_the_fleet_is_as_it_was() -> None:
    before, containers = serving(), ran()
    with (
        image(
            "broken", """ENTRYPOINT ["sh", "-c", "[ $0 = check ] || { echo I cannot start >&2; exit 3; }"]"""
        ) as name,
        calling("broken deploy") as load,
    ):
        run = operations.rollout(
            "deploy", "--extra-vars", f"agent_image={name}", "--extra-vars", "agent_ready_seconds=8"
        )
    nobody_noticed(load.report)
    nobody_moved(load.report)
    assert run.returncode != 0
    assert "I cannot start" in run.stdout
    assert f"The fleet is as it was: {before['agent-1/1']} serves." in run.stdout
    assert serving() == before
    assert ran() == containers
    assert "unlocked" not in operations.done(operations.make("status"))


def ran() -> dict[tuple[str, str], bool]:
    """Every worker's container and whether it runs."""
    return {
        (host, name): one["State"]["Running"]
        for host in fleet.groups()["agents"]
        for name, one in fleet.containers(host).items()
    }


def test_a_killed_worker_costs_no_caller_his_conversation() -> None:
    """Counted and shown: POSTs that it had begun to answer, and conversations that had to be resumed elsewhere."""
    worker = fleet.slot("agent-1", 1)
    inspected = fleet.containers("agent-1")[worker["container"]]
    with calling("worker killed") as load:
        fleet.host("agent-1").check_output("kill -KILL %s", str(inspected["State"]["Pid"]))
        ready = f"curl --silent --fail http://{worker['address']}:{worker['admin_port']}/readyz"
        until(lambda: fleet.host("agent-1").run(ready).rc == 0, seconds=60, what="the worker that Docker restarted")
    assert load.report.failed == []
    assert load.report.cut == []
    assert load.report.broken > 0
    assert {caller for caller, seen in load.report.seen.items() if seen[0] != predicted()[caller]} == set()
    assert all(seen[0] == worker["name"] for seen in load.report.seen.values() if len(seen) > 1)


def test_two_rollouts_at_once_are_refused_with_who_has_the_lock_and_what_to_do() -> None:
    fleet.host("edge-1").check_output(
        "mkdir /var/lib/warmline/lock && echo by asha since noon > /var/lib/warmline/lock/holder"
    )
    try:
        run = operations.make("scale", WORKERS="4")
        assert run.returncode != 0
        assert "staging is locked by asha since noon." in " ".join(run.stdout.split())
        assert "make unlock ENV=staging YES=1" in run.stdout
        assert "locked by asha since noon" in operations.done(operations.make("status"))
    finally:
        operations.done(operations.make("unlock", YES="1"))
    assert fleet.host("edge-1").run("test -e /var/lib/warmline/lock").rc != 0
