"""The boards are what their code says, and no board asks for what does not exist."""

import json
import re
from pathlib import Path

import pytest

from dashboards import lint
from dashboards.boards.colours import LAYERS, pattern
from dashboards.contract import Contract
from dashboards.generate import BOARDS, FOLDER, generated, write
from tests.support.processes import ROOT

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


def test_no_title_stands_twice_on_a_board() -> None:
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


def test_a_layer_has_one_colour_on_boards_and_on_the_demo_page() -> None:
    style = (ROOT / "agent" / "warmline" / "api" / "demo" / "style.css").read_text(encoding="utf-8")
    daylight = dict(re.findall(r"--(\w+): (#[0-9a-f]{6});", style.split("@media", 1)[0]))
    assert LAYERS.items() <= daylight.items()
    shown = 0
    for built in BUILT.values():
        for panel in built["panels"]:
            if any("{{source}}" in target.get("legendFormat", "") for target in panel.get("targets", ())):
                fixed = {
                    one["matcher"]["options"]: one["properties"][0]["value"]["fixedColor"]
                    for one in panel["fieldConfig"]["overrides"]
                }
                assert fixed == {pattern(layer): colour for layer, colour in LAYERS.items()}, panel["title"]
                shown += 1
    assert shown >= 4


def test_a_layer_s_series_are_told_by_their_names() -> None:
    assert re.search(pattern("l1").strip("/"), "rag l1 p99")
    assert re.search(pattern("l1").strip("/"), "l1")
    assert not re.search(pattern("l1").strip("/"), "l10")


def test_layers_can_be_read_on_white_and_told_apart_on_grafana_s_dark_ground() -> None:
    for colour in LAYERS.values():
        assert _contrast(colour, "#ffffff") >= 4.5
        assert _contrast(colour, "#181b1f") >= 3


def _contrast(one: str, other: str) -> float:
    """Of WCAG 2.2, 1 to 21."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_a_legend_that_may_be_long_stands_beside_its_lines_where_it_has_the_whole_height() -> None:
    for built in BUILT.values():
        for panel in (one for one in built["panels"] if one["type"] == "timeseries"):
            legends = [target.get("legendFormat", "") for target in panel["targets"]]
            short = len(legends) <= 3 and not any("{{" in legend for legend in legends)
            assert panel["options"]["legend"]["placement"] == ("bottom" if short else "right"), panel["title"]
