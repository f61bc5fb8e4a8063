"""Everything that changes what serves, while two hundred callers go on calling: nobody fails, is cut or is moved.

The callers come through both edges' published ports, each from a network of its own; half ask, half hold conversations.
What takes minutes each and is less often done is in test_rollouts_long.py, a whole `make deploy` among it, which looks
at all that stands around the workers before it rolls as here.
"""

import time
from collections.abc import Iterator

import pytest

from tests.support import fleet
from tests.support.fleet import incidents, operations, panels
from tests.support.fleet.rollouts import DEPLOY, calling, image, nobody_moved, nobody_noticed, predicted, ran, serving
from tests.support.time.wait import until

pytestmark = pytest.mark.timeout(1800)


@pytest.fixture
def as_it_was() -> Iterator[dict[str, str]]:
    """What serves now; if something else does afterwards, the tree is deployed again."""
    before = serving()
    yield before
    if serving() != before:
        operations.done(operations.rollout("deploy"))


def deploying(image: str) -> list[str]:
    """A deploy of that image."""
    return [*DEPLOY, "--extra-vars", f"agent_image={image}"]


def test_a_plan_shows_what_a_changed_setting_will_be_and_changes_nothing() -> None:
    before, containers = serving(), ran()
    setting = '{"agent_settings": {"cache_rag_ttl": 79}}'
    planned = operations.done(operations.playbook("rollout", *DEPLOY, "--extra-vars", setting, "--check", "--diff"))
    assert "+WARMLINE_CACHE_RAG_TTL=79" in planned
    assert "1. start agent-1/1" in planned
    assert (serving(), ran()) == (before, containers)


def test_a_plan_refuses_a_setting_that_no_worker_has() -> None:
    setting = '{"agent_settings": {"cache_rag_tll": 600}}'
    planned = operations.playbook("rollout", *DEPLOY, "--extra-vars", setting, "--check", "--diff")
    assert planned.returncode != 0
    assert "WARMLINE_CACHE_RAG_TLL: there is no such setting; did you mean WARMLINE_CACHE_RAG_TTL?" in planned.stdout


def test_a_deploy_and_its_rollback_are_noticed_by_nobody_but_the_boards(as_it_was: dict[str, str]) -> None:
    before, began = as_it_was, time.time()
    with image("next", "LABEL changed=1") as name:
        with calling("deploy") as load:
            operations.done(operations.rollout("rollout", *deploying(name)))
        nobody_noticed(load.report)
        nobody_moved(load.report)
        after = serving()
        assert [*after] == [*before]
        assert all(release.startswith("next-") for release in after.values())
        for mode in ([], ["--check", "--diff"]):
            again = operations.playbook("rollout", *deploying(name), *mode)
            assert operations.changed(operations.done(again)) == []

    with calling("rollback") as load:
        operations.done(operations.make("rollback"))
    nobody_noticed(load.report)
    nobody_moved(load.report)
    assert serving() == before
    assert f"rollback {before['agent-1/1']}" in operations.done(operations.make("history"))
    panels.show(incidents.DEPLOY.shown, began)


def test_a_broken_release_is_found_by_the_canary_and_the_fleet_is_as_it_was() -> None:
    before, containers = serving(), ran()
    _, _, kept = operations.done(operations.make("status")).partition("a rollback goes to: ")
    kept = kept.split("\n")[0]
    hasty = ["--extra-vars", "agent_ready_seconds=8"]
    with (
        image(
            "broken", """ENTRYPOINT ["sh", "-c", "[ $0 = check ] || { echo I cannot start >&2; exit 3; }"]"""
        ) as name,
        calling("broken deploy") as load,
    ):
        run = operations.rollout("rollout", *deploying(name), *hasty)
    nobody_noticed(load.report)
    nobody_moved(load.report)
    assert run.returncode != 0
    assert "I cannot start" in run.stdout
    assert f"The fleet is as it was: {before['agent-1/1']} serves." in " ".join(run.stdout.split())
    assert serving() == before
    assert {one for one, runs in ran().items() if runs} == {one for one, runs in containers.items() if runs}
    assert f"a rollback goes to: {kept}" in operations.done(operations.make("status"))


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
    assert {caller: seen[0] for caller, seen in load.report.seen.items()} == predicted()
    assert all(seen[0] == worker["name"] for seen in load.report.seen.values() if len(seen) > 1)


def test_two_rollouts_at_once_are_refused_with_who_has_the_lock_and_what_to_do() -> None:
    fleet.host("edge-1").check_output(
        "cd /var/lib/warmline && mkdir lock && echo by asha since noon > lock/holder"
        " && touch --date '10 minutes ago' lock"
    )
    try:
        run = operations.make("scale", WORKERS="4")
        assert run.returncode != 0
        assert "staging is locked by asha since noon." in " ".join(run.stdout.split())
        assert "make break-lock ENV=staging YES=1" in run.stdout
        assert "locked by asha since noon" in operations.done(operations.make("status"))
    finally:
        operations.done(operations.make("break-lock", YES="1"))
    assert fleet.host("edge-1").run("test -e /var/lib/warmline/lock").rc != 0
