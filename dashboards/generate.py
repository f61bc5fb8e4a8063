"""Boards → JSON, for Grafana to provision; rules → rules that link to their runbooks, for Prometheus.

`python -m dashboards.generate` writes `dashboards/json` and `dashboards/rules/rendered`.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from dashboards.boards import runbooks
from dashboards.boards.board import Board
from dashboards.contract import RENDERED, RULES

BOARDS: Sequence[Board] = (*runbooks.SUBJECTS, runbooks.BOARD)
FOLDER = Path(__file__).resolve().parent / "json"


def generated() -> dict[str, str]:
    """Each board's file by its name."""
    return {f"{board.uid.removeprefix('warmline-')}.json": _text(board) for board in BOARDS}


def rendered() -> dict[str, str]:
    """Each file of rules by its name, with the links of its alerts."""
    written = {file.stem: file.read_text(encoding="utf-8") for file in RULES.glob("*.yml")}
    linked = {f"{name}.yml": runbooks.linked_rules(text, name) for name, text in written.items()}
    return linked | {"links.yml": runbooks.ways_out(written[name] for name in sorted(written))}


def write(folder: Path, files: Mapping[str, str]) -> None:
    """Write these files into a folder, and remove all others from it."""
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        if old.name not in files:
            old.unlink()
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")


def _text(board: Board) -> str:
    built = json.loads(JSONEncoder().encode(board.build()))
    for shown in (*built["links"], *built["annotations"]["list"]):
        shown.pop("placement", None)  # the SDK's default hides links and annotations in a menu
    return json.dumps(built, indent=2, sort_keys=True) + "\n"


if __name__ == "__main__":
    write(FOLDER, generated())
    write(RENDERED, rendered())
