from collections.abc import Callable
from xml.etree import ElementTree

import pytest

from warmline_studies.charts import Bar, PlottedCurve, decades, draw_bars, draw_curves, draw_dots, linear

SVG = "{http://www.w3.org/2000/svg}"
BARS = {
    "of <all>": [Bar("one", 1, "1", ours=True), Bar("ten", 10, "10", "(said)"), Bar("hundred", 100, "100", mark=10)]
}
CURVES = {
    "over": [
        PlottedCurve("upper", "#111111", [(1, 0.5), (10, 0.91)], (1, 0.5)),
        PlottedCurve("lower", "#222222", [(1, 0.1), (10, 0.9)], (10, 0.9)),
        PlottedCurve("short", "#333333", [(1, 0.2), (2, 0.3)], (2, 0.3)),
    ]
}
CHARTS: dict[str, Callable[[], str]] = {
    "bars": lambda: draw_bars("A & B", "units", BARS, decades(1, 100)),
    "tracked bars": lambda: draw_bars("A & B", "units", BARS, linear(100), tracked=True),
    "dots": lambda: draw_dots("A & B", "units", {"a row": (0.02, 1, 1000)}, least=0.1, unit="ms"),
    "curves": lambda: draw_curves("A & B", CURVES),
}


def shapes(svg: str, name: str) -> list[ElementTree.Element]:
    return list(ElementTree.fromstring(svg).iter(f"{SVG}{name}"))


def numbers(svg: str, shape: str, attribute: str) -> list[float]:
    return [float(one.attrib[attribute]) for one in shapes(svg, shape)]


@pytest.mark.parametrize("chart", CHARTS)
def test_a_chart_is_the_same_bytes_each_time_and_names_itself(chart: str) -> None:
    svg = CHARTS[chart]()
    assert svg == CHARTS[chart]()
    assert [one.text for one in shapes(svg, "title")] == ["A & B"]


@pytest.mark.parametrize("chart", CHARTS)
def test_nothing_of_a_chart_lies_outside_its_sheet(chart: str) -> None:
    svg = CHARTS[chart]()
    *_, width, height = map(float, ElementTree.fromstring(svg).attrib["viewBox"].split())
    for axis, room in (("x", width), ("y", height)):
        names = [f"{axis}1", f"{axis}2", f"c{axis}", axis]
        places = [
            float(one.attrib[name])
            for one in ElementTree.fromstring(svg).iter()
            for name in names
            if name in one.attrib
        ]
        assert places
        assert 0 <= min(places) <= max(places) < room


def test_bars_are_as_long_as_their_scale_says() -> None:
    one, ten, hundred = numbers(CHARTS["bars"](), "rect", "width")
    assert one == 0
    assert ten == pytest.approx(hundred / 2, abs=0.1)
    track, one, _, ten, _, hundred = numbers(CHARTS["tracked bars"](), "rect", "width")
    assert hundred == track
    assert one == pytest.approx(track / 100, abs=0.1)
    assert ten == pytest.approx(track / 10, abs=0.1)


def test_a_mark_is_where_its_value_is() -> None:
    svg = CHARTS["tracked bars"]()
    (mark,) = numbers(svg, "line", "x1")
    left, length = numbers(svg, "rect", "x")[0], numbers(svg, "rect", "width")[3]
    assert mark == pytest.approx(left + length, abs=0.1)


def test_a_name_however_long_has_room_beside_its_bar() -> None:
    """7 pixels are what a letter of 13 pixels takes on average in a wide font."""
    for length in (3, 40):
        svg = draw_bars("", "", {"": [Bar("x" * length, 1, "1")]}, linear(1))
        name = next(one for one in shapes(svg, "text") if one.text == "x" * length)
        assert float(name.attrib["x"]) - 7 * length >= 0


def test_what_lies_below_the_scale_is_drawn_at_its_low_end() -> None:
    low, middle, high = numbers(CHARTS["dots"](), "circle", "cx")
    assert low < middle < high
    assert low == min(numbers(CHARTS["dots"](), "line", "x1"))


def test_no_curves_name_stands_over_another() -> None:
    svg = CHARTS["curves"]()
    heights = {one.text: float(one.attrib["y"]) for one in shapes(svg, "text") if one.text in {"upper", "lower"}}
    assert heights["lower"] - heights["upper"] >= 14


def test_a_curve_of_one_point_is_drawn() -> None:
    svg = draw_curves("", {"": [PlottedCurve("only", "#111111", [(60, 0.5)], (60, 0.5))]})
    assert len(shapes(svg, "polyline")) == len(shapes(svg, "circle")) == 1


def test_nothing_to_draw_is_no_error() -> None:
    for svg in (draw_bars("", "", {"": []}, linear(0)), draw_dots("", "", {}, least=0.1, unit="ms")):
        assert shapes(svg, "svg")
