"""What a picture of a board is made from."""

from collections.abc import Mapping
from typing import Any

import pytest

from dashboards.draw import answered, size

BOARD = {
    "uid": "warmline-x",
    "panels": [{"id": 1, "type": "row"}, {"id": 7, "targets": [{"expr": 'rate(up{slot=~"$slot"}[$__rate_interval])'}]}],
}


def test_every_target_is_asked_over_the_time_that_is_shown() -> None:
    asked: list[tuple[str, Mapping[str, str]]] = []

    def ask(path: str, parameters: Mapping[str, str]) -> Any:
        asked.append((path, parameters))
        return {"status": "success", "data": {"result": ["a series"]}}

    made = answered(BOARD, ask, end=10_000, seconds=3600)
    assert asked == [
        ("query_range", {"query": 'rate(up{slot=~".+"}[80s])', "start": "6400", "end": "10000", "step": "20"})
    ]
    assert (made["answers"], made["start"], made["end"], made["step"]) == ({"7": [["a series"]]}, 6400, 10_000, 20)


def test_an_error_of_prometheus_names_the_panel() -> None:
    with pytest.raises(ValueError, match="warmline-x, panel 7: out of memory"):
        answered(BOARD, lambda path, parameters: {"status": "error", "error": "out of memory"}, end=0, seconds=60)


def test_a_picture_is_as_high_as_its_lowest_panel_reaches() -> None:
    panels = [{"gridPos": {"y": 0, "h": 1}}, {"gridPos": {"y": 1, "h": 8}}, {"gridPos": {"y": 1, "h": 4}}]
    assert size({"panels": panels}) == (1552, 9 * 38 + 36 + 24)
