"""Curves of ratios over a logarithmic scale, in panels below each other. Pure."""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from warmline_studies.charts.drawing import WIDTH, Drawing
from warmline_studies.charts.scale import Scale, logarithmic

LEFT, RIGHT, TOP, HEIGHT, GAP = 60, 110, 60, 210, 90
MOST_TICKS = 8
LETTERS = 14
"""The height of a curve's name."""

Point = tuple[float, float]
"""A value above 0, and the ratio there, from 0 to 1."""


class PlottedCurve(NamedTuple):
    """One curve: `points` by growing values, and the point that gets a dot."""

    name: str
    colour: str
    points: Sequence[Point]
    chosen: Point


def draw_curves(title: str, panels: Mapping[str, Sequence[PlottedCurve]]) -> str:
    """Draw each panel below its title; it has one curve at least."""
    drawing, top = Drawing(title), TOP
    for name, curves in panels.items():
        drawing.words(LEFT, top - 10, name, font_size=12, font_weight=600)
        _draw_panel(drawing, top, curves, _scale(curves))
        top += HEIGHT + GAP
    return drawing.svg(top - GAP + 40)


def _draw_panel(drawing: Drawing, top: float, curves: Sequence[PlottedCurve], scale: Scale) -> None:
    for percent in (0, 25, 50, 75, 100):
        _, y = _place(top, scale, (1, percent / 100))
        drawing.line(LEFT, y, WIDTH - RIGHT, y)
        drawing.words(LEFT - 8, y + 4, f"{percent} %", text_anchor="end", font_size=12)
    for value in scale.ticks:
        x, y = _place(top, scale, (value, 0))
        drawing.words(x, y + 18, f"{value:,.0f}", text_anchor="middle", font_size=12)
    for curve in curves:
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in (_place(top, scale, point) for point in curve.points))
        drawing.add("polyline", points=path, fill="none", stroke=curve.colour, stroke_width=2)
        x, y = _place(top, scale, curve.chosen)
        drawing.add("circle", cx=x, cy=y, r=5, fill=curve.colour)
    _write_names(drawing, top, curves, scale)


def _write_names(drawing: Drawing, top: float, curves: Sequence[PlottedCurve], scale: Scale) -> None:
    """Write each curve's name at its end, none over another."""
    lowest = -math.inf
    for curve in sorted(curves, key=lambda curve: -curve.points[-1][1]):
        x, y = _place(top, scale, curve.points[-1])
        lowest = max(y + 4, lowest + LETTERS)
        drawing.words(x + 8, lowest, curve.name, font_size=12, fill=curve.colour)


def _place(top: float, scale: Scale, point: Point) -> Point:
    value, ratio = point
    return LEFT + (WIDTH - LEFT - RIGHT) * scale.place(value), top + HEIGHT * (1 - ratio)


def _scale(curves: Sequence[PlottedCurve]) -> Scale:
    """Make a scale for all curves; its ticks are the values of the longest, every fourth where there are many."""
    values = [value for curve in curves for value, _ in curve.points]
    longest = [value for value, _ in max((curve.points for curve in curves), key=len)]
    return logarithmic(min(values), max(values), longest if len(longest) <= MOST_TICKS else longest[::4])
