"""What is less often done to a fleet, under the same load: settings, scaling, draining, reboots, a Redis that dies."""

import subprocess
from collections.abc import Iterator

import pytest

from tests.support import fleet
from tests.support.fleet import operations
from tests.support.fleet.load import Report
from tests.support.fleet.rollouts import DEPLOY, calling, image, nobody_moved, nobody_noticed, predicted, ran, serving
from tests.support.time.wait import until

pytestmark = [pytest.mark.long, pytest.mark.timeout(1800)]


@pytest.fixture
def as_it_was() -> Iterator[None]:
    """Afterwards the inventory is in force again."""
    yield
    operations.done(operations.playbook("rollout", *DEPLOY))


def moved_as_predicted(report: Report, before: dict[str, str | None]) -> None:
    """Who changes slots is who the predictor names, from where and to where it says. Nobody can be told for some."""
    after = predicted()
    said = {caller: slots for caller, slots in report.seen.items() if before[caller] and after[caller]}
    assert len(said) > 0.9 * len(report.seen)
    assert {caller: [*dict.fromkeys([before[caller], after[caller]])] for caller in said} == said


def unchanged(kind: str, **variables: str) -> None:
    """A second time changes nothing, and check mode finds nothing to change."""
    again = operations.rollout(kind, variables=variables)
    assert operations.changed(operations.done(again)) == []
    checked = operations.rollout(kind, "--check", variables=variables)
    assert operations.changed(operations.done(checked)) == []


def test_a_changed_setting_rolls_like_a_release(as_it_was: None) -> None:
    setting = ["--extra-vars", '{"agent_settings": {"cache_rag_ttl": 77}}']
    before = serving()
    with calling("changed setting") as load:
        operations.done(operations.rollout("deploy", *setting))
    nobody_noticed(load.report)
    nobody_moved(load.report)
    assert {*serving().values()}.isdisjoint(before.values())
    for slot in fleet.slots():
        url = f"http://{slot['address']}:{slot['admin_port']}/v1/admin/caches"
        assert '"ttl":77.0' in fleet.host(slot["host"]).check_output("curl --silent %s", url)
    again = operations.playbook("rollout", *DEPLOY, *setting)
    assert operations.changed(operations.done(again)) == []


def test_a_bad_setting_reaches_no_worker() -> None:
    before, containers = serving(), ran()
    refused = operations.rollout("rollout", *DEPLOY, "--extra-vars", '{"agent_settings": {"cache_rag_ttl": -1}}')
    assert refused.returncode != 0
    assert "WARMLINE_CACHE_RAG_TTL" in refused.stdout
    assert serving() == before
    assert ran() == containers


def test_a_release_that_fails_after_the_canary_is_taken_back_from_it_too() -> None:
    before, containers = serving(), ran()
    hasty = ["--extra-vars", "agent_ready_seconds=20"]
    fails = """ENTRYPOINT ["sh", "-c", "[ $WARMLINE_SLOT = agent-2/2 ] && exit 3; exec python -m warmline $0 $@"]"""
    with image("unlucky", fails) as name, calling("broken after the canary") as load:
        run = operations.rollout("rollout", "--extra-vars", f"agent_image={name}", *DEPLOY, *hasty)
    nobody_noticed(load.report)
    nobody_moved(load.report)
    assert run.returncode != 0
    assert serving() == before
    assert {name for name, running in ran().items() if running} == {
        name for name, running in containers.items() if running
    }


@pytest.mark.parametrize(("workers", "what"), [("8", "4 to 8"), ("3", "8 to 3"), ("4", "3 to 4")])
def test_scaling_moves_exactly_those_that_the_predictor_names(workers: str, what: str) -> None:
    before = predicted()
    with calling(f"scale {what}") as load:
        operations.done(operations.make("scale", WORKERS=workers))
    nobody_noticed(load.report)
    moved_as_predicted(load.report, before)
    assert len(serving()) == int(workers)
    unchanged("scale", WORKERS=workers)


def test_a_drained_host_can_be_rebooted_and_taken_back_and_only_its_callers_move() -> None:
    before = predicted()
    with calling("drain") as load:
        operations.done(operations.make("drain", HOST="agent-1"))
    nobody_noticed(load.report)
    moved_as_predicted(load.report, before)
    assert {name.split("/")[0] for name in serving()} == {"agent-2"}
    assert "drained: agent-1" in operations.done(operations.make("status"))

    with calling("reboot of the drained host") as load:
        subprocess.run(["docker", "restart", "warmline-staging-agent-1"], check=True, capture_output=True)
        until(lambda: fleet.is_up("agent-1"), seconds=90, what="the rebooted host")
    nobody_noticed(load.report)
    assert not any(running for (host, _), running in ran().items() if host == "agent-1")

    during = predicted()
    with calling("undrain") as load:
        operations.done(operations.make("undrain", HOST="agent-1"))
    nobody_noticed(load.report)
    moved_as_predicted(load.report, during)
    assert predicted() == before


def test_a_host_that_is_gone_can_be_drained_and_comes_back() -> None:
    before = predicted()
    gone = "warmline-staging-agent-2"
    subprocess.run(["docker", "kill", gone], check=True, capture_output=True)
    try:
        assert "agent-2 does not answer" in operations.done(operations.make("status"))
        assert "agent-2 does not answer" in operations.done(operations.make("logs", LOG_LINES="1"))
        operations.done(operations.make("drain", HOST="agent-2"))
        assert {name.split("/")[0] for name in serving()} == {"agent-1"}
    finally:
        subprocess.run(["docker", "start", gone], check=True, capture_output=True)
    until(lambda: fleet.is_up("agent-2"), seconds=90, what="the host")
    operations.done(operations.make("undrain", HOST="agent-2"))
    assert predicted() == before
    with calling("after a host was gone") as load:
        load.round()
    nobody_noticed(load.report)


def test_redis_may_be_killed_and_nobody_notices() -> None:
    with calling("both Redis killed") as load:
        for name in ("warmline-redis-cache", "warmline-redis-state"):
            process = fleet.containers("redis-1")[name]["State"]["Pid"]
            fleet.host("redis-1").check_output("kill -KILL %s", str(process))
        load.round()
        until(lambda: "without Redis" not in operations.done(operations.make("status")), seconds=60, what="Redis")
    nobody_noticed(load.report)
    nobody_moved(load.report)


def test_a_worker_that_stands_still_is_ended_by_its_host_and_started_again() -> None:
    host, worker = fleet.host("agent-1"), fleet.slot("agent-1", 1)
    before = fleet.containers("agent-1")[worker["container"]]
    host.check_output("kill -STOP $(pgrep --parent %s)", str(before["State"]["Pid"]))
    until(
        lambda: fleet.containers("agent-1")[worker["container"]]["RestartCount"] > before["RestartCount"],
        seconds=90,
        what="the worker that Docker started again",
    )
    ready = f"curl --silent --fail http://{worker['address']}:{worker['admin_port']}/readyz"
    until(lambda: host.run(ready).rc == 0, seconds=60, what="the worker to be ready")
    assert "it is ended" in host.check_output("journalctl --unit warmline-watch-workers --since -5min")
