"""Two hundred callers on the staging fleet, and what a rollout must not do to them."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.support import fleet
from tests.support.fleet.load import Load, Report
from tests.support.shown import shown
from tests.support.tree import plugins

CALLERS = fleet.callers(200)
# What turns the playbook of rollouts into the heart of a deploy: what stands around the workers stays as it is.
DEPLOY = ["--extra-vars", "rollout_kind=deploy"]
affinity = plugins.load("filter", "affinity")


def serving() -> dict[str, str]:
    """Slot → the release that serves there, as every edge remembers it."""
    remembered = [fleet.ledger(edge) for edge in fleet.groups()["edges"]]
    assert all(one == remembered[0] for one in remembered)
    return {slot["name"]: slot["release"] for slot in remembered[0]["slots"] if not slot["down"]}


def predicted(callers: list[str] = CALLERS) -> dict[str, Any]:
    """Caller → the slot that the edges choose now; None where they take turns."""
    slots = fleet.slots()
    found = {caller: affinity.where(slots, "ip_hash", client=caller) for caller in callers}
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
        yield pulled.partition("@")[0] + f":{version}"
    finally:
        subprocess.run(["docker", "image", "rm", "--force", pushed], check=False, capture_output=True)


def ran() -> dict[tuple[str, str], bool]:
    """Every worker's container and whether it runs."""
    return {
        (host, name): one["State"]["Running"]
        for host in fleet.groups()["agents"]
        for name, one in fleet.containers(host).items()
        if name.startswith("warmline-agent-")
    }
