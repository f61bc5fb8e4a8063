"""The monitors see all of the fleet, and what they see gets to whoever should know."""

import json
import secrets
from itertools import pairwise
from typing import Any

import pytest

from tests.support import fleet
from tests.support.fleet import query
from tests.support.time.wait import until

HOSTS = sorted(fleet.addresses())
EDGES = sorted(fleet.groups()["edges"])
SLOTS = [(f"{name}/{number}", name) for name, number in fleet.workers()]
TARGETS: dict[str, list[dict[str, str]]] = {
    "prometheus": [{}],
    "alertmanager": [{"host": "monitor-1"}],
    "workers": [{"slot": slot, "host": name} for slot, name in SLOTS],
    "redis": [{"host": "redis-1", "redis": instance} for instance in ("cache", "state")],
    "nginx": [{"host": edge} for edge in EDGES],
    "node": [{"host": name} for name in HOSTS],
    "blackbox": [{"host": edge, "probe": probe} for edge in EDGES for probe in ("edge", "greeting", "question")],
}
PAGER = "/var/lib/warmline/pager/alerts.jsonl"


def labels(sample: dict[str, Any]) -> dict[str, str]:
    """Those that tell targets of a job apart, beside the address."""
    return {name: value for name, value in sample["metric"].items() if name in {"slot", "host", "redis", "probe"}}


@pytest.mark.parametrize("job", TARGETS)
def test_every_target_of_a_job_is_up_and_there_are_no_others(job: str) -> None:
    """Soon: other tests restart what is scraped."""

    def up() -> list[dict[str, str]]:
        return [labels(sample) for sample in query(f'up{{job="{job}"}} == 1')]

    until(lambda: len(up()) == len(TARGETS[job]), seconds=30, what=f"every target of {job}")
    assert all(one in up() for one in TARGETS[job])
    assert len(query(f'up{{job="{job}"}}')) == len(TARGETS[job])


def test_there_is_no_other_job() -> None:
    assert {sample["metric"]["job"] for sample in query("up")} == set(TARGETS)


def test_a_workers_target_is_that_of_the_colour_that_serves() -> None:
    found = {
        one["metric"]["slot"]: (one["metric"]["colour"], one["metric"]["instance"])
        for one in query('up{job="workers"}')
    }
    assert found == {
        one["name"]: (one["colour"], f"{one['address']}:{one['admin_port']}")
        for one in fleet.slots()
        if not one["down"]
        if not one["down"]
    }


@pytest.mark.parametrize(
    ("metric", "job"), [("redis_up", "redis"), ("nginx_up", "nginx"), ("probe_success", "blackbox")]
)
def test_exporters_reach_what_they_speak_of(metric: str, job: str) -> None:
    until(lambda: len(query(f"{metric} == 1")) == len(TARGETS[job]), seconds=30, what=f"{metric} of every target")


def test_a_probe_is_answered_as_a_caller_is() -> None:
    wanted = {"edge": "404", "greeting": "200", "question": "200"}
    status = {(edge, probe): code for edge in EDGES for probe, code in wanted.items()}

    def found() -> dict[tuple[str, str], str]:
        answers = query("probe_http_status_code")
        return {(one["metric"]["host"], one["metric"]["probe"]): one["value"][1] for one in answers}

    until(lambda: found() == status, seconds=30, what="every probe to be answered")


@pytest.mark.parametrize("name", HOSTS)
def test_what_a_deploy_notes_about_a_host_is_scraped(name: str) -> None:
    host = fleet.host(name)
    mark = secrets.randbelow(10**6)
    host.check_output("echo warmline_test_mark %s > /var/lib/warmline/textfile/test.prom", str(mark))
    try:
        until(
            lambda: [one["value"][1] for one in query(f'warmline_test_mark{{host="{name}"}}')] == [str(mark)],
            seconds=20,
            what="the note of a deploy",
        )
    finally:
        host.check_output("rm /var/lib/warmline/textfile/test.prom")


def told(name: str) -> list[dict[str, Any]]:
    """What the pager got of an alert, oldest first."""
    lines = fleet.host("monitor-1").run("grep --no-filename %s %s", f'"{name}"', PAGER).stdout.splitlines()
    return [json.loads(line) for line in lines]


@pytest.mark.timeout(400)
def test_the_heartbeat_comes_each_minute() -> None:
    """Since Alertmanager began or last read its files: until then a deploy may have kept it from it."""
    host = fleet.host("monitor-1")
    name = "alertmanager_config_last_reload_success_timestamp_seconds"
    shown = host.check_output("curl --silent http://127.0.0.1:%s/metrics", str(fleet.PORTS["alertmanager"]))
    since = next(float(line.split()[1]) for line in shown.splitlines() if line.startswith(f"{name} "))

    def times() -> list[float]:
        return [one["at"] for one in told("Watchdog") if one["at"] > since][-10:]

    until(lambda: len(times()) > 3, seconds=270, what="four heartbeats")
    gaps = [after - before for before, after in pairwise(times())]
    assert all(50 < gap < 90 for gap in gaps), gaps


def raise_alert(name: str, **labels: str) -> None:
    """Have Alertmanager know of an alert, as Prometheus would; it ends by itself after a few minutes."""
    alert = json.dumps([{"labels": {"alertname": name, **labels}, "annotations": {"summary": "A test."}}])
    url = f"http://127.0.0.1:{fleet.PORTS['alertmanager']}/api/v2/alerts"
    fleet.host("monitor-1").check_output(
        "curl --silent --fail --header 'Content-Type: application/json' --data %s %s", alert, url
    )


@pytest.mark.parametrize(("severity", "receiver"), [("critical", "page"), ("warning", "ticket")])
def test_an_alert_gets_to_whoever_its_severity_is_for(severity: str, receiver: str) -> None:
    name = f"Test{secrets.token_hex(6)}"
    raise_alert(name, severity=severity, slot="agent-1/1")
    (one, *_) = until(lambda: told(name), seconds=20, what="the pager to be told")
    assert (one["receiver"], one["status"]) == (receiver, "firing")
    assert one["labels"] == {"alertname": name, "severity": severity, "slot": "agent-1/1"}
    assert one["annotations"] == {"summary": "A test."}


def test_prometheus_tells_this_alertmanager() -> None:
    url = f"http://{fleet.addresses()['monitor-1']}:{fleet.PORTS['prometheus']}/api/v1/alertmanagers"
    answer = json.loads(fleet.host("monitor-1").check_output("curl --silent %s", url))
    active = [one["url"] for one in answer["data"]["activeAlertmanagers"]]
    assert active == [f"http://127.0.0.1:{fleet.PORTS['alertmanager']}/api/v2/alerts"]
