"""Whoever an alert wakes finds its panel and its way out; and every alert is known to fire, and to stay quiet."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from dashboards import lint
from dashboards.contract import RULES, Contract, rule_files, rules
from dashboards.generate import generated
from tests.support.processes import ROOT

CONTRACT = Contract()
BOARDS = [json.loads(text) for text in generated().values()]
ALERTS = [rule for file in rule_files() for rule in rules(file) if "alert" in rule]
RUNBOOKS = ROOT / "docs" / "runbooks"
PANELS = {f"/d/{board['uid']}?viewPanel={panel['id']}" for board in BOARDS for panel in board["panels"]}
ALWAYS = {"Watchdog"}


def headings(page: str) -> list[str]:
    """The pages' headings as links name them."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return [line.lower() for line in re.findall(r"^## (\w+)$", text, re.MULTILINE)]


@pytest.mark.parametrize("file", rule_files(), ids=lambda path: path.stem)
def test_the_linter_has_nothing_to_say(file: Path) -> None:
    assert lint.rules(rules(file), CONTRACT) == []


def test_every_alert_links_to_a_panel_that_shows_what_it_is_about() -> None:
    assert lint.links(ALERTS, BOARDS, CONTRACT) == []


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: str(alert["alert"]))
def test_every_alert_has_a_runbook_that_says_what_to_run(alert: dict[str, Any]) -> None:
    page, _, heading = alert["annotations"]["runbook"].partition("#")
    assert heading == alert["alert"].lower()
    assert heading in headings(page)
    section = re.split(r"^## ", (ROOT / page).read_text(encoding="utf-8"), flags=re.MULTILINE)
    (text,) = (one for one in section if one.startswith(alert["alert"] + "\n"))
    assert alert["annotations"]["dashboard"] in text
    assert re.search(r"`(make|docker|redis-check-aof|nft|ssh) ?|\]\(", text), "it names no command"


def test_runbooks_have_no_heading_without_an_alert_and_no_link_that_leads_nowhere() -> None:
    names = {alert["alert"].lower() for alert in ALERTS}
    for page in RUNBOOKS.glob("*.md"):
        if page.name != "README.md":
            assert set(headings(f"docs/runbooks/{page.name}")) <= names
        text = page.read_text(encoding="utf-8")
        assert set(re.findall(r"/d/[a-z-]+\?viewPanel=\d+", text)) <= PANELS, page.name
        for target, heading in re.findall(r"\]\(([a-z]+\.md)?(?:#([a-z-]+))?\)", text):
            assert not heading or heading in headings(f"docs/runbooks/{target or page.name}"), (page.name, heading)


def test_alerts_have_names_of_their_own() -> None:
    names = [alert["alert"] for alert in ALERTS]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("file", rule_files(), ids=lambda path: path.stem)
def test_every_alert_is_tested_to_fire_and_to_stay_quiet_in_a_case_that_looks_alike(file: Path) -> None:
    """Each case is a series of its own: the case in which it fires is another than the one in which it must not."""
    cases = yaml.safe_load((RULES / "tests" / file.name).read_text(encoding="utf-8"))["tests"]
    fires, quiet = set[tuple[str, str]](), set[tuple[str, str]]()
    for case in cases:
        for check in case.get("promql_expr_test", ()):
            name = re.match(r'ALERTS\{alertname="(\w+)", alertstate="firing"\}', check["expr"])
            if name:
                (fires if check["exp_samples"] else quiet).add((name[1], case["name"]))
    for alert in (rule["alert"] for rule in rules(file) if "alert" in rule):
        firing = {case for name, case in fires if name == alert}
        alike = {case for name, case in quiet if name == alert} - firing
        assert firing, f"{alert} is never tested to fire"
        assert alike or alert in ALWAYS, f"{alert} is never tested to stay quiet"
