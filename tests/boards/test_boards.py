"""The boards are what their code says, and no board asks for what does not exist."""

import json
from pathlib import Path

import pytest

from dashboards import lint
from dashboards.contract import Contract
from dashboards.generate import BOARDS, FOLDER, generated, write

CONTRACT = Contract()
BUILT = {name: json.loads(text) for name, text in generated().items()}


def test_the_committed_files_are_what_the_code_makes() -> None:
    """If this fails: `make boards`, and look at the difference."""
    assert {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.json")} == generated()


@pytest.mark.parametrize("name", BUILT)
def test_the_linter_has_nothing_to_say(name: str) -> None:
    assert lint.board(BUILT[name], CONTRACT) == []


def test_boards_have_addresses_and_titles_of_their_own() -> None:
    assert len({board.uid for board in BOARDS}) == len({board.title for board in BOARDS}) == len(BOARDS)


def test_no_question_is_asked_twice_on_a_board() -> None:
    for built in BUILT.values():
        titles = [panel["title"] for panel in built["panels"]]
        assert len(set(titles)) == len(titles)


def test_panels_neither_overlap_nor_leave_the_grid() -> None:
    for built in BUILT.values():
        taken = set[tuple[int, int]]()
        for panel in built["panels"]:
            at = panel["gridPos"]
            cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
            assert not cells & taken, (built["uid"], panel["title"])
            assert at["x"] + at["w"] <= 24
            taken |= cells


def test_every_metric_of_the_worker_is_on_a_board_or_is_said_to_be_for_other_eyes() -> None:
    for_others = {
        "python_info",
        "python_gc_objects_collected_total",
        "python_gc_objects_uncollectable_total",
        "python_gc_collections_total",
        "process_virtual_memory_bytes",
        "process_start_time_seconds",
        "process_max_fds",
        "warmline_price_info",
    }
    shown: set[str] = set()
    for built in BUILT.values():
        for panel in built["panels"]:
            for target in panel.get("targets", ()):
                shown |= lint.sources(target["expr"])
    assert CONTRACT.of_workers() - shown == for_others


def test_a_board_that_is_no_more_leaves_no_file(tmp_path: Path) -> None:
    (tmp_path / "old.json").write_text("{}", encoding="utf-8")
    write(tmp_path, generated())
    assert {path.name for path in tmp_path.iterdir()} == set(generated())
