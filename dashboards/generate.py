"""Boards → JSON, for Grafana to provision. `python -m dashboards.generate` writes `dashboards/json`."""

import json
from collections.abc import Sequence
from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from dashboards.boards import caches, deploys, edge, invalidation, money, overview, redis, sockets, stickiness
from dashboards.boards.board import Board

BOARDS: Sequence[Board] = tuple(
    module.BOARD for module in (overview, caches, stickiness, invalidation, sockets, redis, edge, deploys, money)
)
FOLDER = Path(__file__).resolve().parent / "json"


def generated() -> dict[str, str]:
    """Each board's file by its name."""
    return {f"{board.uid.removeprefix('warmline-')}.json": _text(board) for board in BOARDS}


def write(folder: Path) -> None:
    """Write every board, and remove what is none any more."""
    folder.mkdir(exist_ok=True)
    files = generated()
    for old in folder.glob("*.json"):
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
    write(FOLDER)
