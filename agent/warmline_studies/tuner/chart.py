"""Curves as an SVG: nothing but lines and texts, in colours that a light page and a dark one both carry."""

import math
from collections.abc import Sequence
from html import escape
from itertools import cycle

from warmline.caches import CACHES
from warmline_studies.tuner.recommend import Advice

WIDTH, HEIGHT = 820, 610
LEFT, RIGHT, TOP, PANEL, GAP = 60, 110, 60, 210, 90
INK = "#6e7781"
PALETTE = ("#e8590c", "#4c8eda", "#2b9348", "#9c36b5", "#b8860b", "#0b7285")
COLOURS = dict(zip(CACHES, cycle(PALETTE), strict=False))
MOST_TICKS = 8
Points = list[tuple[float, float]]


def drawing(given: Sequence[Advice], title: str) -> str:
    """Hit ratio by ttl above, hit ratio in L1 by its size below; a dot where a step is recommended."""
    by_ttl = {one.cache: [(step.ttl, step.hit) for step in one.lifetimes] for one in given}
    by_size = {one.cache: [(float(step.entries), step.hit) for step in one.sizes] for one in given}
    lines = [
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {HEIGHT}' role='img'>",
        f"<g fill='{INK}' font-family='ui-sans-serif, system-ui, sans-serif' font-size='12'>",
        f"<title>{escape(title)}</title>",
        f"<text x='12' y='24' font-size='17' font-weight='600'>{escape(title)}</text>",
        *_panel(TOP, "lookups that find something, by ttl in seconds", by_ttl),
        *(_dot(TOP, by_ttl, one.cache, one.ttl.ttl, one.ttl.hit) for one in given),
        *_panel(TOP + PANEL + GAP, "lookups that L1 answers, by its entries", by_size),
        *(_dot(TOP + PANEL + GAP, by_size, one.cache, float(one.size.entries), one.size.hit) for one in given),
        "</g></svg>",
    ]
    return "\n".join(lines) + "\n"


def _panel(top: float, title: str, curves: dict[str, Points]) -> list[str]:
    lines = [f"<text x='{LEFT}' y='{top - 10}' font-weight='600'>{escape(title)}</text>"]
    for percent in (0, 25, 50, 75, 100):
        y = _y(top, percent / 100)
        lines.append(f"<line x1='{LEFT}' x2='{WIDTH - RIGHT}' y1='{y:.0f}' y2='{y:.0f}' stroke='{INK}' opacity='0.3'/>")
        lines.append(f"<text x='{LEFT - 8}' y='{y + 4:.0f}' text-anchor='end'>{percent} %</text>")
    ticks = _ticks([x for x, _ in max(curves.values(), key=len)])
    lines += [_tick(_x(value, curves), top + PANEL + 18, value) for value in ticks]
    for cache, points in curves.items():
        path = " ".join(f"{_x(x, curves):.1f},{_y(top, y):.1f}" for x, y in points)
        lines.append(f"<polyline points='{path}' fill='none' stroke='{COLOURS[cache]}' stroke-width='2'/>")
    return [*lines, *_names(top, curves)]


def _names(top: float, curves: dict[str, Points]) -> list[str]:
    """Each curve's name at its end, none over another."""
    lines, taken = [], -math.inf
    for cache, points in sorted(curves.items(), key=lambda one: -one[1][-1][1]):
        x, y = points[-1]
        taken = max(_y(top, y) + 4, taken + 14)
        lines.append(f"<text x='{_x(x, curves) + 8:.0f}' y='{taken:.0f}' fill='{COLOURS[cache]}'>{cache}</text>")
    return lines


def _tick(x: float, y: float, value: float) -> str:
    return f"<text x='{x:.0f}' y='{y:.0f}' text-anchor='middle'>{value:,.0f}</text>"


def _dot(top: float, curves: dict[str, Points], cache: str, x: float, y: float) -> str:
    return f"<circle cx='{_x(x, curves):.1f}' cy='{_y(top, y):.1f}' r='5' fill='{COLOURS[cache]}'/>"


def _ticks(steps: Sequence[float]) -> Sequence[float]:
    """Of all steps of a curve those that are written below it: every fourth where they are many, such as of sizes."""
    return steps if len(steps) <= MOST_TICKS else steps[::4]


def _x(value: float, curves: dict[str, Points]) -> float:
    values = [x for points in curves.values() for x, _ in points]
    low, high = math.log(min(values)), math.log(max(values))
    return LEFT + (WIDTH - LEFT - RIGHT) * (math.log(value) - low) / (high - low or 1)


def _y(top: float, ratio: float) -> float:
    return top + PANEL * (1 - ratio)
