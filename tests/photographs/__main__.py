"""The end of `make board-pictures`: a real Grafana's own pages of the boards, where the fleet has one."""

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from dashboards.contract import HERE
from dashboards.draw import size
from tests.support import fleet
from tests.support.fleet import grafana
from tests.support.processes.chromium import Page

CONTROLS = 120
"""Pixels that Grafana puts above a board in kiosk mode, for its variables."""
# As @grafana/e2e-selectors 13.2 names them, unchanged since Grafana 10.
_PANELS = "document.querySelectorAll('[data-testid^=\"data-testid Panel header \"]').length"
_LOADING = "document.querySelector('[aria-label=\"Panel loading bar\"]')"


def log_in(page: Page, url: str, password: str) -> None:
    """Let the browser be somebody who has logged in: the password reaches neither a page nor a command line."""
    for name, value in grafana.session(url, password).items():
        page.call("Network.setCookie", name=name, value=value, url=url)


def photograph(page: Page, url: str, board: dict[str, Any], *, minutes: float, into: Path) -> None:
    """A board as Grafana shows it, whole, once no panel loads any more; fails if one is missing after a minute."""
    width, height = size(board)
    page.call(
        "Emulation.setDeviceMetricsOverride", width=width, height=height + CONTROLS, deviceScaleFactor=1, mobile=False
    )
    page.open(f"{url}/d/{board['uid']}?kiosk&theme=light&from=now-{minutes:g}m&to=now")
    panels = sum(panel["type"] != "row" for panel in board["panels"])
    page.shows(f"{_PANELS} >= {panels} && !{_LOADING}", seconds=60)
    page.screenshot(into)


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.photographs", description=__doc__)
    parser.add_argument("--into", required=True, type=Path, help="a folder for one PNG a board")
    parser.add_argument("--minutes", type=float, default=15, help="how much of the past is shown")
    given = parser.parse_args()
    if not fleet.has_grafana():
        print("A real Grafana is not photographed: no registry had its image when the fleet was deployed.")
        return 0
    given.into.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, grafana.tunnel(Path(folder)) as url:
        page = Page(Path(folder))
        try:
            log_in(page, url, grafana.password())
            for file in sorted((HERE / "json").glob("*.json")):
                board = json.loads(file.read_text(encoding="utf-8"))
                photograph(page, url, board, minutes=given.minutes, into=given.into / f"{file.stem}.png")
                print(given.into / f"{file.stem}.png", flush=True)
        finally:
            page.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
