"""Pictures of the boards without a Grafana: Prometheus is asked from here, Grafana's own components draw in Chromium.

    python -m dashboards.draw --url http://127.0.0.1:9090 --bundle FOLDER --into docs/boards [--minutes 15]

A picture shows that queries, units, legends and layout are right. It does not show that Grafana takes the file.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from dashboards.check import Ask, add_prometheus, prometheus, substituted
from dashboards.contract import HERE

WIDTH = 1552
"""Pixels, as in board.jsx: 24 columns and a margin; a unit of height is 38."""
_UNIT, _TITLE, _MARGIN = 38, 36, 12
_TICKS = 180
_PAGE = """<!doctype html><meta charset="utf-8"><link rel="stylesheet" href="{bundle}/board.css">
<style>body {{ margin: {margin}px; background: #f4f5f5 }}</style><div id="board"></div>
<script>window.asked = {asked}</script><script src="{bundle}/board.js"></script>
"""


def answered(board: dict[str, Any], ask: Ask, *, end: float, seconds: float) -> dict[str, Any]:
    """A board with what Prometheus says to each of its panels' targets. Raises ValueError for an error of its."""
    step = max(5, int(seconds / _TICKS))
    span = {"start": f"{end - seconds:.0f}", "end": f"{end:.0f}", "step": str(step)}
    answers: dict[str, list[Any]] = {}
    for panel in board["panels"]:
        for target in panel.get("targets", ()):
            answer = ask("query_range", {"query": substituted(target["expr"], step=step), **span})
            if answer["status"] != "success":
                raise ValueError(f"{board['uid']}, panel {panel['id']}: {answer['error']}")
            answers.setdefault(str(panel["id"]), []).append(answer["data"]["result"])
    return {"board": board, "answers": answers, "start": round(end - seconds), "end": round(end), "step": step}


def size(board: dict[str, Any]) -> tuple[int, int]:
    """Width and height of a picture that shows all of a board, in pixels."""
    units = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in board["panels"])
    return WIDTH, units * _UNIT + _TITLE + 2 * _MARGIN


def draw(asked: dict[str, Any], *, bundle: Path, into: Path) -> None:
    """Draw one board as PNG. Raises CalledProcessError if Chromium fails."""
    width, height = size(asked["board"])
    data = json.dumps(asked).replace("</", "<\\/")
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "board.html"
        page.write_text(_PAGE.format(bundle=bundle.resolve().as_uri(), margin=_MARGIN, asked=data), encoding="utf-8")
        flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"]
        flags += ["--virtual-time-budget=10000", "--disable-background-networking", f"--user-data-dir={folder}/profile"]
        flags += ["--allow-file-access-from-files", f"--window-size={width},{height}", f"--screenshot={into.resolve()}"]
        subprocess.run(["chromium", *flags, page.as_uri()], check=True, capture_output=True, timeout=120)


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m dashboards.draw", description=(__doc__ or "").split("\n", 1)[0])
    add_prometheus(parser)
    parser.add_argument("--bundle", required=True, type=Path, help="what dashboards/pictures/bundle made")
    parser.add_argument("--into", required=True, type=Path, help="a folder for one PNG a board")
    parser.add_argument("--minutes", type=float, default=15, help="how much of the past is shown")
    given = parser.parse_args()
    given.into.mkdir(parents=True, exist_ok=True)
    end = time.time()
    for file in sorted((HERE / "json").glob("*.json")):
        board = json.loads(file.read_text(encoding="utf-8"))
        asked = answered(board, prometheus(given), end=end, seconds=given.minutes * 60)
        draw(asked, bundle=given.bundle, into=given.into / f"{file.stem}.png")
        print(given.into / f"{file.stem}.png")
    return 0


if __name__ == "__main__":
    sys.exit(main())
