"""The runbooks, where whoever was woken already is: a panel for each alert, made from `docs/runbooks`."""

import re
import zlib
from collections.abc import Callable
from pathlib import Path

from dashboards.boards.board import Board
from dashboards.boards.panels import Panel, Row, text

PAGES = Path(__file__).resolve().parents[2] / "docs" / "runbooks"
UID = "warmline-runbooks"
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


def _add_links(page: str) -> Callable[[re.Match[str]], str]:
    def add(found: re.Match[str]) -> str:
        head, alert, indent = found.groups()
        links = {"runbook": f"docs/runbooks/{page}.md#{alert.lower()}", "runbook_url": address(alert)}
        return head + "".join(f"{indent}{name}: {link}\n" for name, link in links.items()) + indent

    return add


def _sections(page: Path) -> tuple[str, dict[str, str]]:
    """A page's title, and its text by alert."""
    head, *sections = re.split(r"^## ", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    split = (section.split("\n", 1) for section in sections)
    return head.removeprefix("# ").strip(), {name: body.strip() for name, body in split}


def _linked(body: str, names: dict[str, str]) -> str:
    """With panels, and headings of other pages, as links that lead there from Grafana."""
    body = re.sub(r"`(/d/[^`]+)`", r"[`\1`](\1)", body)
    return re.sub(r"\]\([a-z]*(?:\.md)?#([a-z]+)\)", lambda link: f"]({address(names[link[1]])})", body)


def _rows() -> list[Row]:
    pages = [_sections(page) for page in sorted(PAGES.glob("*.md")) if page.name != "README.md"]
    names = {name.lower(): name for _, sections in pages for name in sections}
    rows = []
    for title, sections in pages:
        panels: list[Panel] = [text(panel_id(name), name, _linked(body, names)) for name, body in sections.items()]
        chunks = [panels[start : start + _ABREAST] for start in range(0, len(panels), _ABREAST)]
        rows += [Row(title if not place else "", chunk, height=9) for place, chunk in enumerate(chunks)]
    return rows


BOARD = Board(
    uid=UID,
    title="Warmline: runbooks",
    description="What each alert means, the panel that shows it, and the command that mends it.",
    variables=(),
    rows=_rows(),
)
