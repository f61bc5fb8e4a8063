"""Prometheus scrapes every worker and itself, and its rules give numbers."""

import json

from tests.support import fleet
from tests.support.fleet import Edge, query
from tests.support.time.wait import until
from warmline import __version__


def test_every_worker_is_scraped_under_its_slot() -> None:
    up = {one["metric"]["slot"] for one in query('up{job="workers"} == 1')}
    assert up == {f"{name}/{number}" for name, number in fleet.workers()}


def test_it_scrapes_itself() -> None:
    assert query('up{job="prometheus"} == 1')


def test_every_worker_runs_the_same_version() -> None:
    versions = {one["metric"]["version"] for one in query("warmline_build_info")}
    assert len(versions) == 1
    assert versions.pop().startswith(f"{__version__}-")


def test_lookups_become_a_hit_ratio(edge: Edge) -> None:
    def ratio() -> bool:
        edge.get("answer", "What is gout?")
        found = {one["metric"]["cache"]: float(one["value"][1]) for one in query("cache:warmline_hit_ratio:rate5m")}
        return all(0 <= found.get(cache, -1) <= 1 for cache in ("config", "prompt", "rag", "tts"))

    until(ratio, seconds=60, what="a hit ratio of every cache")


def test_its_rules_are_loaded_and_no_worker_is_down() -> None:
    url = f"http://{fleet.addresses()['monitor-1']}:{fleet.PORTS['prometheus']}/api/v1/rules"
    loaded = json.loads(fleet.host("monitor-1").check_output("curl --silent %s", url))["data"]["groups"]
    rules = {rule["name"]: rule for group in loaded for rule in group["rules"]}
    assert rules["WorkerDown"]["state"] in {"inactive", "pending"}
    assert all(rule["health"] == "ok" for rule in rules.values())


def test_samples_survive_a_restart() -> None:
    def oldest() -> float:
        return float(query('min_over_time(timestamp(up{job="prometheus"})[1h:5s])')[0]["value"][1])

    before = oldest()
    fleet.host("monitor-1").check_output("docker restart warmline-prometheus")
    until(_answers, seconds=30, what="the restarted Prometheus")
    assert oldest() <= before + 60


def _answers() -> bool:
    url = f"http://{fleet.addresses()['monitor-1']}:{fleet.PORTS['prometheus']}/-/ready"
    return bool(fleet.host("monitor-1").run("curl --silent --fail %s", url).rc == 0)
