"""What is expected of the fleet stands beside what is measured, and is what alerts and evidence say."""

import json
import re
from typing import Any

import yaml

from dashboards.contract import RULES
from dashboards.generate import generated
from dashboards.objectives import OBJECTIVES
from tests.support.processes import ROOT

SLO = (RULES / "slo.yml").read_text(encoding="utf-8")
BURNING = re.compile(r"(fleet:\w+):ratio_rate(\w+) > ([\d.]+) \* ([\d.]+) and \1:ratio_rate(\w+) > \3 \* \4")
"""A pair of windows of one of the alerts: what burns, both windows, how fast, and what is allowed."""


def panels(board: str) -> dict[int, dict[str, Any]]:
    """A board's panels by their ids."""
    return {panel["id"]: panel for panel in json.loads(generated()[f"{board}.json"])["panels"]}


def asked(panel: dict[str, Any]) -> dict[str, str]:
    """What a panel asks, by the names of its series."""
    return {target.get("legendFormat", ""): target["expr"] for target in panel["targets"]}


def test_alerts_burn_the_budgets_that_boards_show() -> None:
    allowed = {found[1]: float(found[4]) for found in BURNING.finditer(SLO)}
    assert allowed == {
        "fleet:warmline_request_errors": round(1 - OBJECTIVES.requests, 6),
        "fleet:warmline_greetings_late": round(1 - OBJECTIVES.greetings, 6),
    }
    assert f'le="{OBJECTIVES.greeting_seconds:g}"' in SLO
    assert f"[{OBJECTIVES.budget_days}d]" in SLO


def test_burn_rates_show_every_window_of_the_alerts_and_the_line_at_which_both_wake_somebody() -> None:
    overview = panels("overview")
    for id_, burns in ((17, "fleet:warmline_request_errors"), (19, "fleet:warmline_greetings_late")):
        shown = asked(overview[id_])
        pairs = [found for found in BURNING.finditer(SLO) if found[1] == burns]
        assert len(pairs) == 4
        for pair in pairs:
            for window in (pair[2], pair[5]):
                assert shown[window] == f"{burns}:ratio_rate{window} / {pair[4]}"
            (line,) = (name for name in shown if name.endswith(f": {pair[2]} and {pair[5]}"))
            assert shown[line] == f"vector({pair[3]})"


def test_each_cache_stands_beside_what_evidence_lets_expect_of_it() -> None:
    """Fleet f of docs/results/evidence.txt, at most a point above it: who changes the expectation changes this test."""
    said = (ROOT / "docs" / "results" / "evidence.txt").read_text(encoding="utf-8")
    measured = dict(
        re.findall(r"^(\w+): lookups that cost no load[\s\S]*?  f  ip_hash \+ Redis, 10 +([\d.]+)%", said, re.M)
    )
    assert measured.keys() == OBJECTIVES.hit_ratios.keys()
    tiles = [panel for panel in panels("caches").values() if "expected" in str(panel.get("targets"))]
    for cache, ratio in OBJECTIVES.hit_ratios.items():
        assert 0 <= float(measured[cache]) / 100 - ratio < 0.01, cache
        (tile,) = (panel for panel in tiles if panel["title"].startswith(f"Hit ratio of {cache},"))
        assert asked(tile) == {
            "measured": f'cache:warmline_hit_ratio:rate1h{{cache="{cache}"}}',
            "expected": f"vector({ratio})",
        }


def test_each_provider_s_time_stands_beside_its_objective() -> None:
    caches = panels("caches").values()
    for cache, most in OBJECTIVES.load_seconds.items():
        (tile,) = (panel for panel in caches if panel["title"].startswith(f"Load time of {cache},"))
        assert asked(tile)["expected"] == f"vector({most})"
        assert {step["value"]: step["color"] for step in tile["fieldConfig"]["defaults"]["thresholds"]["steps"]}[
            most
        ] == "red"


def test_money_has_its_currency_and_no_burst_is_made_an_hour_of() -> None:
    shown = 0
    for name, text in generated().items():
        for panel in json.loads(text)["panels"]:
            for legend, expr in asked(panel).items() if panel.get("targets") else ():
                if re.search(r"warmline_(cost|spent|spend)", expr):
                    assert "3600" not in expr, (name, panel["title"])
                    assert "{{currency}}" in legend, (name, panel["title"])
                    shown += 1
    assert shown == 6


def test_the_table_of_alerts_leads_to_panel_and_runbook_and_says_since_when() -> None:
    table = panels("overview")[12]
    columns = table["transformations"][0]["options"]["renameByName"]
    assert {"Value": "Since", "panel": "Panel", "runbook": "Runbook"}.items() <= columns.items()
    assert table["fieldConfig"]["defaults"]["unit"] == "dateTimeFromNow"
    links = {
        one["matcher"]["options"]: {part["id"]: part["value"] for part in one["properties"]}["links"][0]["url"]
        for one in table["fieldConfig"]["overrides"]
    }
    assert links.keys() == {"Panel", "Runbook"}
    assert all("${__value.raw}" in url and "${environment:queryparam}" in url for url in links.values())


def test_the_ways_out_that_are_recorded_are_those_of_the_alerts() -> None:
    recorded = yaml.safe_load((RULES / "rendered" / "links.yml").read_text(encoding="utf-8"))["groups"][0]["rules"]
    said = {rule["labels"]["alertname"]: rule["labels"] for rule in recorded}
    alerts = [
        rule
        for file in RULES.glob("*.yml")
        for group in yaml.safe_load((RULES / "rendered" / file.name).read_text(encoding="utf-8"))["groups"]
        for rule in group["rules"]
        if "alert" in rule
    ]
    assert said.keys() == {rule["alert"] for rule in alerts}
    for rule in alerts:
        assert said[rule["alert"]]["panel"] == rule["annotations"]["dashboard"]
        assert rule["annotations"]["runbook_url"].startswith(said[rule["alert"]]["runbook"] + "&")
