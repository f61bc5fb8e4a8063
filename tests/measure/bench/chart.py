"""Bars as an SVG: nothing but lines, rectangles and texts, in colours that a light page and a dark one both carry."""

import math
from collections.abc import Mapping
from html import escape

WIDTH = 820
LEFT = 270
RIGHT = 90
ROW = 30
TOP = 60
INK = "#6e7781"
OURS, THEIRS = "#e8590c", "#4c8eda"


def bars(title: str, unit: str, values: Mapping[str, float], *, ours: str) -> str:
    """One bar for each value, the shortest first, on a logarithmic scale."""
    ordered = sorted(values.items(), key=lambda item: item[1])
    scale = _Scale(ordered[0][1], ordered[-1][1])
    height = TOP + ROW * len(ordered) + 30
    lines = [
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {height}' role='img'>",
        f"<g fill='{INK}' font-family='ui-sans-serif, system-ui, sans-serif' font-size='14'>",
        f"<title>{escape(title)}</title>",
        f"<text x='12' y='24' font-size='17' font-weight='600'>{escape(title)}</text>",
        f"<text x='12' y='44' font-size='12'>{escape(unit)}, logarithmic scale; shorter is better</text>",
        *(line for tick in scale.ticks() for line in _tick(scale.x(tick), tick, height - 24)),
    ]
    for place, (name, value) in enumerate(ordered):
        lines += _bar(TOP + ROW * place, name, value, scale.x(value), OURS if name == ours else THEIRS)
    return "\n".join([*lines, "</g></svg>"]) + "\n"


class _Scale:
    """From values to pixels: from a power of ten below the smallest to the largest."""

    def __init__(self, smallest: float, largest: float) -> None:
        self._low = 10.0 ** math.floor(math.log10(smallest))
        self._decades = max(1e-9, math.log10(largest / self._low))

    def x(self, value: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * math.log10(value / self._low) / self._decades

    def ticks(self) -> list[float]:
        return [self._low * 10.0**power for power in range(int(self._decades) + 1)]


def _tick(x: float, value: float, bottom: float) -> list[str]:
    return [
        f"<line x1='{x:.0f}' x2='{x:.0f}' y1='{TOP - 6}' y2='{bottom}' stroke='{INK}' stroke-opacity='0.35'/>",
        f"<text x='{x:.0f}' y='{bottom + 16}' font-size='11' text-anchor='middle'>{value:,.0f}</text>",
    ]


def _bar(top: float, name: str, value: float, x: float, colour: str) -> list[str]:
    return [
        f"<text x='{LEFT - 10}' y='{top + 18}' text-anchor='end'>{escape(name)}</text>",
        f"<rect x='{LEFT}' y='{top + 4}' width='{max(1.0, x - LEFT):.0f}' height='20' rx='2' fill='{colour}'/>",
        f"<text x='{x + 6:.0f}' y='{top + 18}' font-weight='600'>{value:,.0f}</text>",
    ]
