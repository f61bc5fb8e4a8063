"""The linter sees what it is there for."""

import copy
import json
from typing import Any

import pytest

from dashboards import lint
from dashboards.contract import Contract
from dashboards.generate import generated

CONTRACT = Contract()


@pytest.mark.parametrize(
    ("expr", "problem"),
    [
        ("sum(rate(", "is no PromQL"),
        ("warmline_no_such_thing", "there is no metric warmline_no_such_thing"),
        ('warmline_sessions{colour="blue", agent="reception"}', "warmline_sessions has no label agent"),
        ("sum by (cache) (warmline_sessions)", "groups by cache, which nothing in it has"),
        ("sum(warmline_http_requests_total)", "is a counter and must stand in rate or increase"),
        ("sum(rate(warmline_http_requests_total[5m]))", "is not read over $__rate_interval"),
        ("avg(warmline_cache_l1_bytes / warmline_cache_l1_limit_bytes)", "an average of ratios is no ratio"),
        ("process_open_fds", "is every program's and must name a job"),
        (
            "rate(redis_keyspace_hits_total[$__rate_interval]) / rate(redis_keyspace_misses_total[$__rate_interval])",
            "a ratio of single rates leaves out what has no partner",
        ),
    ],
)
def test_an_expression_that_would_mislead_is_named(expr: str, problem: str) -> None:
    assert any(problem in one for one in lint.expression(expr, CONTRACT, board=True))


def test_a_rate_over_less_than_four_scrapes_is_named() -> None:
    found = list(lint.expression("sum(rate(redis_evicted_keys_total[10s]))", CONTRACT, board=False))
    assert found == ["redis_evicted_keys_total is read over less than four scrapes"]


@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        (lambda panel: panel.update(title="Who answers?"), "its title must be a name"),
        (
            lambda panel: panel.update(description="Ratio. What is it? It is one."),
            "its description must begin with a question",
        ),
        (lambda panel: panel.update(description="Ratio? See."), "its description must say"),
        (lambda panel: panel["fieldConfig"]["defaults"].update(unit="percent unit"), "is no unit of ours"),
        (lambda panel: panel["fieldConfig"]["defaults"].pop("min"), "its axis must begin at 0"),
        (lambda panel: panel["options"]["legend"].update(displayMode="list"), "its legend must be a table"),
        (lambda panel: panel.update(datasource={"type": "prometheus", "uid": "abc"}), "it must ask ${datasource}"),
        (lambda panel: panel.update(targets=[]), "it asks nothing"),
        (lambda panel: panel["targets"][0].update(legendFormat="{{agent}}"), "its legend names agent"),
        (
            lambda panel: panel["targets"][0].update(expr="sum(rate(warmline_webhooks_total[$__rate_interval]))"),
            'must have slot=~"$slot"',
        ),
        (
            lambda panel: panel["targets"][0].update(expr='up{job="$job"}'),
            "it uses $job, which the board does not",
        ),
    ],
)
def test_a_panel_that_would_not_help_is_named(spoil: Any, problem: str) -> None:
    built = copy.deepcopy(json.loads(generated()["caches.json"]))
    spoil(next(panel for panel in built["panels"] if panel["type"] == "timeseries"))
    assert any(problem in one for one in lint.board(built, CONTRACT))


def test_an_alert_without_a_way_out_is_named() -> None:
    rule = {
        "alert": "RedisDown",
        "expr": "redis_up == 0",
        "labels": {"severity": "page"},
        "annotations": {"summary": "x"},
    }
    said = "\n".join(lint.rules([rule], CONTRACT))
    for problem in ("its severity must be", "has no description", "has no runbook", "has no dashboard"):
        assert problem in said


def test_a_recorded_series_says_in_its_name_which_labels_it_has() -> None:
    rule = {"record": "cache:warmline_sessions:sum", "expr": "sum by (slot) (warmline_sessions)"}
    assert lint.rules([rule], CONTRACT) == [
        "cache:warmline_sessions:sum: its series have the labels slot, its name says otherwise"
    ]
