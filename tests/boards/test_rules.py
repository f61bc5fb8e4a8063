"""Whoever an alert wakes finds its panel and its way out; and every alert is known to fire, and to stay quiet."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from dashboards import lint
from dashboards.boards.runbooks import OF_ENVIRONMENT, address
from dashboards.contract import RENDERED, RULES, Contract, rule_files, rules
from dashboards.generate import generated, rendered
from tests.support.processes import ROOT
from tests.support.tree.repository import makefiles

CONTRACT = Contract()
BOARDS = [json.loads(text) for text in generated().values()]
ALERTS = [rule for file in rule_files() for rule in rules(file) if "alert" in rule]
RUNBOOKS = ROOT / "docs" / "runbooks"
PANELS = {f"/d/{board['uid']}?viewPanel={panel['id']}" for board in BOARDS for panel in board["panels"]}
READABLE = {
    f"/d/{board['uid']}?viewPanel={panel['id']}": panel
    for board in BOARDS
    for panel in board["panels"]
    if panel["type"] == "text"
}
ALWAYS = {"Watchdog"}


def headings(page: str) -> list[str]:
    """The pages' headings as links name them."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return [line.lower() for line in re.findall(r"^## (\w+)$", text, re.MULTILINE)]


def test_the_rules_that_are_installed_are_the_rules_with_their_links() -> None:
    """If this fails: `make boards`, and look at the difference."""
    assert {file.name: file.read_text(encoding="utf-8") for file in RENDERED.iterdir()} == rendered()
    typed = [file.name for file in RULES.glob("*.yml") if "runbook" in file.read_text(encoding="utf-8")]
    assert typed == []  # links are written, not typed


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
    assert alert["annotations"]["runbook_url"] == address(alert["alert"]) + OF_ENVIRONMENT
    shown = READABLE[address(alert["alert"])]
    assert shown["title"] == alert["alert"]
    assert f"]({alert['annotations']['dashboard']})" in shown["options"]["content"]
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


def test_every_make_target_that_a_runbook_or_a_panel_names_is_there() -> None:
    text = "\n".join(file.read_text(encoding="utf-8") for file in makefiles())
    targets = {*re.findall(r"^([a-z-]+):", text, re.MULTILINE)} - {
        "lock",
        "unlock",
    }  # these two only say their new names
    words = [page.read_text(encoding="utf-8") for page in RUNBOOKS.glob("*.md")]
    words += [panel.get("description", "") for board in BOARDS for panel in board["panels"]]
    assert {name for text in words for name in re.findall(r"`make ([a-z-]+)", text)} <= targets


def test_commands_of_runbooks_name_the_environment_and_grafana_fills_in_the_alerts_own() -> None:
    """A command without it acts on the default, which is seldom the fleet that somebody was woken for."""
    for page in RUNBOOKS.glob("*.md"):
        said = re.findall(r"`make\s+([a-z-]+)([^`]*)`", page.read_text(encoding="utf-8"))
        without = [name for name, rest in said if not rest.lstrip().startswith("ENV=")]
        assert without == [] or page.name == "README.md", page.name
    for panel in READABLE.values():
        assert not re.search(r"ENV=(?!\$environment)|/ENV/", panel["options"]["content"]), panel["title"]
    (board,) = (one for one in BOARDS if one["uid"] == "warmline-runbooks")
    offered = {one["name"]: one for one in board["templating"]["list"]}
    assert offered["environment"]["query"] == 'label_values(up{job="prometheus"}, environment)'


def test_a_runbook_in_grafana_links_to_nothing_that_only_the_repository_has() -> None:
    for panel in READABLE.values():
        for link in re.findall(r"\]\(([^)]+)\)", panel["options"]["content"]):
            assert link in PANELS, (panel["title"], link)


def test_alerts_that_mute_others_and_those_that_are_muted_exist() -> None:
    wiring = (ROOT / "ansible" / "playbooks" / "group_vars" / "monitors.yml").read_text(encoding="utf-8")
    muting = yaml.safe_load(wiring)["alertmanager_inhibitions"]
    assert {name for one in muting for name in (one["by"], *one["mutes"])} <= {alert["alert"] for alert in ALERTS}


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
