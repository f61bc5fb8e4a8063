"""The monitors see all of the fleet, and what they see gets to whoever should know."""

import json
import secrets
from typing import Any

import pytest

from tests.support import fleet
from tests.support.fleet import query
from tests.support.wait import until

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
    found = [labels(sample) for sample in query(f'up{{job="{job}"}} == 1')]
    assert all(one in found for one in TARGETS[job])
    assert len(query(f'up{{job="{job}"}}')) == len(TARGETS[job])


def test_there_is_no_other_job() -> None:
    assert {sample["metric"]["job"] for sample in query("up")} == set(TARGETS)


def test_a_workers_target_is_that_of_the_colour_that_serves() -> None:
    found = {
        one["metric"]["slot"]: (one["metric"]["colour"], one["metric"]["instance"])
        for one in query('up{job="workers"}')
    }
    assert found == {one["name"]: (one["colour"], f"{one['address']}:{one['admin_port']}") for one in fleet.slots()}


@pytest.mark.parametrize("metric", ["redis_up", "nginx_up", "probe_success"])
def test_exporters_reach_what_they_speak_of(metric: str) -> None:
    job = {"redis_up": "redis", "nginx_up": "nginx", "probe_success": "blackbox"}[metric]
    assert len(query(f"{metric} == 1")) == len(TARGETS[job])


def test_a_probe_is_answered_as_a_caller_is() -> None:
    status = {
        (one["metric"]["host"], one["metric"]["probe"]): one["value"][1] for one in query("probe_http_status_code")
    }
    wanted = {"edge": "404", "greeting": "200", "question": "200"}
    assert status == {(edge, probe): code for edge in EDGES for probe, code in wanted.items()}


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


@pytest.mark.parametrize(
    ("name", "path", "group"),
    [
        ("redis-1", "/etc/warmline/redis-exporter-cache/passwords.json", "59000"),
        ("redis-1", "/etc/warmline/redis-exporter-state/passwords.json", "59000"),
        ("monitor-1", "/etc/warmline/blackbox-exporter/api_key", "65534"),
        ("monitor-1", "/etc/warmline/alertmanager/receivers/page", "65534"),
    ],
)
def test_a_monitors_secret_is_for_the_group_of_whoever_needs_it(name: str, path: str, group: str) -> None:
    assert fleet.host(name).check_output("stat --format '%%U %%g %%a' %s", path) == f"root {group} 640"


def test_the_host_exporter_cannot_read_what_only_workers_may() -> None:
    found = fleet.host("agent-1").run(
        "nsenter --target $(docker inspect --format '{{.State.Pid}}' warmline-node-exporter) --mount "
        "setpriv --reuid 65534 --regid 65534 --clear-groups cat /host/etc/warmline/agent/api_keys.json"
    )
    assert found.rc != 0
    assert "Permission denied" in found.stderr
