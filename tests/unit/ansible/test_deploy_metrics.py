"""What an edge tells of deploys, read by the client library as Prometheus would."""

from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from tests.support.tree import programs

metrics = programs.load("deploy_metrics", "deploy-metrics")
SLOT = {"name": "agent-1/1", "host": "agent-1", "colour": "green", "release": "0.2-ab12-9f", "down": False}
WORKER, DRAINING = "nginx: worker process", "nginx: worker process is shutting down"


def told(lines: list[str]) -> dict[str, Any]:
    """Metric → its samples."""
    families = text_string_to_metric_families("\n".join(lines) + "\n")
    return {family.name: [(sample.labels, sample.value) for sample in family.samples] for family in families}


def test_each_slot_is_told_with_its_position_colour_and_release() -> None:
    ledger = {"slots": [SLOT, {**SLOT, "name": "agent-2/1", "down": True}]}
    samples = told([*metrics.lines(ledger, None, {})])
    names = {"slot": "agent-1/1", "host": "agent-1", "release": "0.2-ab12-9f", "version": "0.2-ab12"}
    assert samples["warmline_slot_info"][0] == ({**names, "colour": "green", "state": "up"}, 1)
    assert [labels["state"] for labels, _ in samples["warmline_slot_info"]] == ["up", "down"]
    assert samples["warmline_slot_position"] == [({"slot": "agent-1/1"}, 0), ({"slot": "agent-2/1"}, 1)]


def test_a_lock_is_told_with_since_when_and_its_absence_too() -> None:
    assert told([*metrics.lines({}, None, {})]) == {"warmline_deploy_lock_held": [({}, 0)]}
    held = told([*metrics.lines({}, 1700000000.4, {})])
    assert held["warmline_deploy_lock_held"] == [({}, 1)]
    assert held["warmline_deploy_lock_since_seconds"] == [({}, 1700000000)]


def test_the_last_of_each_kind_and_outcome_is_told() -> None:
    samples = told([*metrics.lines({}, None, {"deploy": {"done": 5, "failed": 7}})])
    assert samples["warmline_last_rollout_timestamp_seconds"] == [
        ({"kind": "deploy", "outcome": "done"}, 5),
        ({"kind": "deploy", "outcome": "failed"}, 7),
    ]


def test_a_reload_is_counted_when_other_processes_work_and_those_that_drain_are() -> None:
    _, first = metrics.edge_lines([(10, WORKER), (11, WORKER)], {})
    _, same = metrics.edge_lines([(11, WORKER), (10, WORKER)], first)
    lines, _ = metrics.edge_lines([(10, DRAINING), (11, DRAINING), (12, WORKER), (13, WORKER)], same)
    assert told(lines) == {"warmline_nginx_draining_workers": [({}, 2)], "warmline_nginx_reloads": [({}, 1)]}
