"""The runbooks, where whoever was woken already is: a panel for each alert, made from `docs/runbooks`."""

import re
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path

import yaml

from dashboards.boards import caches, deploys, edge, invalidation, money, overview, redis, sockets, stickiness
from dashboards.boards.board import ENVIRONMENT, Board
from dashboards.boards.panels import Panel, Row, text

PAGES = Path(__file__).resolve().parents[2] / "docs" / "runbooks"
UID = "warmline-runbooks"
SUBJECTS = tuple(
    module.BOARD for module in (overview, caches, stickiness, invalidation, sockets, redis, edge, deploys, money)
)
"""The boards whose panels runbooks lead to."""
OF_ENVIRONMENT = "&var-environment={{ $externalLabels.environment }}"
"""Chooses the alert's own environment on the runbooks' board: commands there say `ENV=` with it."""
_ABREAST = 3


def panel_id(alert: str) -> int:
    """The same for ever, whatever is written before it."""
    return 1 + zlib.crc32(alert.encode()) % 1_000_000


def address(alert: str) -> str:
    """Where an alert's runbook is, on Grafana."""
    return f"/d/{UID}?viewPanel={panel_id(alert)}"


def linked_rules(rules: str, page: str) -> str:
    """A file of rules with two more annotations for each alert: its runbook's page, and the panel that shows it."""
    return re.sub(r"(- alert: (\w+)\n(?:(?! *- alert:).*\n)*? +annotations:\n)( +)", _add_links(page), rules)


def ways_out(files: Iterable[str]) -> str:
    """Rules that record each alert's panel and runbook as labels, for the overview's table to join with what fires.

    The paths are quoted and stay paths, unlike those of annotations: the table is on Grafana itself.
    """
    said = [
        "      - record: alertname_panel_runbook:warmline_alert:links\n"
        "        expr: vector(1)\n"
        f'        labels: {{alertname: {rule["alert"]}, panel: "{rule["annotations"]["dashboard"]}", '
        f'runbook: "{address(rule["alert"])}"}}\n'
        for file in files
        for group in yaml.safe_load(file)["groups"]
        for rule in group["rules"]
        if "alert" in rule
    ]
    return "groups:\n  - name: warmline-links\n    interval: 30s\n    rules:\n" + "".join(said)


def _add_links(page: str) -> Callable[[re.Match[str]], str]:
    def add(found: re.Match[str]) -> str:
        head, alert, indent = found.groups()
        links = {"runbook": f"docs/runbooks/{page}.md#{alert.lower()}", "runbook_url": address(alert) + OF_ENVIRONMENT}
        return head + "".join(f"{indent}{name}: {link}\n" for name, link in links.items()) + indent

    return add


def _sections(page: Path) -> tuple[str, dict[str, str]]:
    """A page's title, and its text by alert."""
    head, *sections = re.split(r"^## ", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    split = (section.split("\n", 1) for section in sections)
    return head.removeprefix("# ").strip(), {name: body.strip() for name, body in split}


def _panel_titles() -> dict[str, str]:
    """What a link to each panel says."""
    return {
        f"/d/{board.uid}?viewPanel={panel.id}": f"{board.title.removeprefix('Warmline: ')}: {panel.title}"
        for board in SUBJECTS
        for row in board.rows
        for panel in row.panels
    }


def _linked(body: str, names: dict[str, str], titles: dict[str, str]) -> str:
    """With panels, and headings of other pages, as links that lead there from Grafana, and commands for one fleet."""
    body = body.replace("ENV=", "ENV=$environment").replace("/warmline/ENV/", "/warmline/$environment/")
    body = re.sub(r"`(/d/[^`]+)`", lambda path: f"[{titles[path[1]]}]({path[1]})", body)
    return re.sub(r"\]\([a-z]*(?:\.md)?#([a-z]+)\)", lambda link: f"]({address(names[link[1]])})", body)


def _rows() -> list[Row]:
    pages = [_sections(page) for page in sorted(PAGES.glob("*.md")) if page.name != "README.md"]
    names = {name.lower(): name for _, sections in pages for name in sections}
    titles = _panel_titles()
    rows = []
    for title, sections in pages:
        panels: list[Panel] = [
            text(panel_id(name), name, _linked(body, names, titles)) for name, body in sections.items()
        ]
        chunks = [panels[start : start + _ABREAST] for start in range(0, len(panels), _ABREAST)]
        rows += [Row(title if not place else "", chunk, height=9) for place, chunk in enumerate(chunks)]
    return rows


BOARD = Board(
    uid=UID,
    title="Warmline: runbooks",
    description="What each alert means, the panel that shows it, and the command that mends it.",
    variables=(ENVIRONMENT,),
    rows=_rows(),
)
