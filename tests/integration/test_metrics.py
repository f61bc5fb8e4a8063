"""The worker's metrics are those of their contract, `dashboards/metrics.yml`: none missing, none besides."""

import subprocess
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import yaml
from prometheus_client import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as prometheus

from tests.support.processes import ROOT
from tests.support.processes.stack import Stack, Worker

CONTRACT: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "dashboards" / "metrics.yml").read_text(encoding="utf-8"))[
    "metrics"
]
REQUEST = "0123456789abcdef0123456789abcdef"


@pytest.fixture(scope="module")
def worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    """One that has answered, spoken, warmed up and been told of a change."""
    folder = tmp_path_factory.mktemp("metrics")
    with Stack(folder) as stack:
        made = stack.worker(spend_per_day="1000", warming_seconds="10")
        for _ in range(2):
            made.answer("What is gout?").raise_for_status()
        made.get("/v1/agents/reception/answer", text="What is a cold?", **{"X-Request-ID": REQUEST}).raise_for_status()
        made.speech("Hello").raise_for_status()
        told = httpx.post(f"{made.admin_url}/v1/admin/invalidate", json={"organisation": "kaveri", "knowledge": True})
        told.raise_for_status()
        yield made


def scraped(worker: Worker) -> str:
    return httpx.get(f"{worker.admin_url}/metrics").text


def named(family: Metric) -> str:
    """As it is asked for."""
    return family.name + ("_total" if family.type == "counter" else "")


def labels(name: str) -> dict[str, list[str] | str]:
    found: dict[str, list[str] | str] = CONTRACT[name]["labels"]
    return found


def test_every_metric_is_in_the_contract_and_the_other_way_round(worker: Worker) -> None:
    families = {
        family.name + ("_total" if family.type == "counter" else ""): family for family in prometheus(scraped(worker))
    }
    assert {name: family.type for name, family in families.items()} == {
        name: metric["type"] for name, metric in CONTRACT.items()
    }


def test_labels_are_those_of_the_contract_and_hold_no_other_values(worker: Worker) -> None:
    for family in prometheus(scraped(worker)):
        name = named(family)
        for sample in family.samples:
            held = {label: value for label, value in sample.labels.items() if label != "le"}
            assert held.keys() == labels(name).keys(), sample.name
            for label, value in held.items():
                known = labels(name)[label]
                assert isinstance(known, str) or value in known, f"{sample.name}: {label}={value}"


def test_prometheus_own_tool_finds_nothing_to_say_against_them(worker: Worker) -> None:
    done = subprocess.run(
        ["promtool", "check", "metrics"], input=scraped(worker), capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_every_metric_ends_in_its_unit_where_prometheus_has_one() -> None:
    for name, metric in CONTRACT.items():
        if metric["unit"] in {"seconds", "bytes"}:
            assert name.removesuffix("_total").endswith(f"_{metric['unit']}"), name


def test_a_slow_load_names_the_request_that_began_it(worker: Worker) -> None:
    accept = {"Accept": "application/openmetrics-text; version=1.0.0"}
    text = httpx.get(f"{worker.admin_url}/metrics", headers=accept).text
    families: list[Metric] = list(openmetrics(text))  # type: ignore[no-untyped-call]
    (loads,) = (one for one in families if one.name == "warmline_cache_load_duration_seconds")
    assert {"request_id": REQUEST} in [sample.exemplar.labels for sample in loads.samples if sample.exemplar]


def test_a_hit_in_memory_is_counted_and_not_timed(worker: Worker) -> None:
    def count(line: str) -> float:
        return worker.metric(line)

    before = count('warmline_cache_lookups_total{cache="rag",source="l1"}')
    timed = count('warmline_cache_lookup_duration_seconds_count{cache="rag",source="origin"}')
    worker.answer("What is gout?").raise_for_status()
    assert count('warmline_cache_lookups_total{cache="rag",source="l1"}') == before + 1
    assert count('warmline_cache_lookup_duration_seconds_count{cache="rag",source="origin"}') == timed
    assert timed == count('warmline_cache_lookups_total{cache="rag",source="origin"}')


def test_memory_stands_against_its_limit(worker: Worker) -> None:
    held = worker.metric('warmline_cache_l1_bytes{cache="rag"}')
    assert 0 < held < worker.metric('warmline_cache_l1_limit_bytes{cache="rag"}')
    assert worker.metric('warmline_cache_l1_entries{cache="rag"}') > 0


def test_the_event_loop_says_how_late_it_is(worker: Worker) -> None:
    assert worker.metric("warmline_event_loop_lag_seconds_count") > 0


def test_who_makes_others_forget_counts_who_acknowledged(worker: Worker) -> None:
    assert worker.metric("warmline_invalidation_duration_seconds_count") == 1
    assert worker.metric('warmline_invalidation_workers_total{outcome="acknowledged"}') == 1
    assert worker.metric('warmline_invalidation_workers_total{outcome="waited_out"}') == 0
    assert worker.metric("warmline_invalidations_applied_total") == 1
    assert 0 < worker.metric("warmline_channel_lease_seconds") <= 2
