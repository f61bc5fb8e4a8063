"""Drawings as SVG, in colours that a light page and a dark one both carry. Pure."""

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import NamedTuple

from tests.measure.bench.chart import INK, OURS, THEIRS, WIDTH

LEFT, RIGHT, ROW, GAP, TOP = 210, 170, 24, 34, 66
_SPAN = WIDTH - LEFT - RIGHT


class Hits(NamedTuple):
    """One bar: a ratio, the best possible one, and the one commonly quoted, in words."""

    title: str
    ratio: float
    best: float
    quoted: str
    shared: bool


def ratios(title: str, subtitle: str, groups: Mapping[str, Sequence[Hits]]) -> str:
    """A block of bars for each cache, from nought to one, each with a mark where the best possible is."""
    lines, y = [], TOP
    for name, bars in groups.items():
        lines.append(f"<text x='{LEFT}' y='{y + 14}' font-weight='600'>{escape(name)}</text>")
        y += GAP - 12
        for bar in bars:
            lines += _hits(y, bar)
            y += ROW
        y += GAP - 16
    return _drawing(title, subtitle, y, lines)


def _hits(y: float, bar: Hits) -> list[str]:
    end, mark = LEFT + _SPAN * bar.ratio, LEFT + _SPAN * bar.best
    quoted = f"<tspan font-size='11'> (said: {escape(bar.quoted)} %)</tspan>" if bar.quoted else ""
    return [
        _label(y, bar.title),
        f"<rect x='{LEFT}' y='{y + 3}' width='{_SPAN}' height='{ROW - 8}' rx='2' fill='{INK}' fill-opacity='0.12'/>",
        _rect(y, end - LEFT, OURS if bar.shared else THEIRS),
        f"<line x1='{mark:.1f}' x2='{mark:.1f}' y1='{y}' y2='{y + ROW - 2}' stroke='{INK}' stroke-width='2.5'/>",
        f"<text x='{LEFT + _SPAN + 8}' y='{y + 16}'><tspan font-weight='600'>{bar.ratio:.1%}</tspan>{quoted}</text>",
    ]


def amounts(title: str, unit: str, values: Mapping[str, float], *, shared: frozenset[str] = frozenset()) -> str:
    """A bar for each value, from nought."""
    most = max(values.values(), default=0) or 1
    lines: list[str] = []
    for place, (name, value) in enumerate(values.items()):
        y = TOP + ROW * place
        end = _SPAN * value / most
        shown = f"{value:,.0f}" if value >= 100 else f"{value:,.2f}"
        lines += [_label(y, name), _rect(y, end, OURS if name in shared else THEIRS)]
        lines.append(f"<text x='{LEFT + end + 8:.0f}' y='{y + 16}' font-weight='600'>{shown}</text>")
    return _drawing(title, unit, TOP + ROW * len(values), lines)


def times(title: str, subtitle: str, rows: Mapping[str, Sequence[float]]) -> str:
    """Three percentiles of each row, in milliseconds, as dots on a logarithmic scale from a tenth."""
    most = max((value for values in rows.values() for value in values), default=1.0)
    decades = max(1.0, math.log10(max(1.0, most) * 10))
    lines: list[str] = []

    def x(value: float) -> float:
        return LEFT + _SPAN * math.log10(max(0.1, value) * 10) / decades

    bottom = TOP + ROW * len(rows)
    for power in range(int(decades) + 1):
        tick = 10.0 ** (power - 1)
        at = f"{x(tick):.0f}"
        lines += [
            f"<line x1='{at}' x2='{at}' y1='{TOP - 6}' y2='{bottom}' stroke='{INK}' stroke-opacity='0.35'/>",
            f"<text x='{at}' y='{bottom + 14}' font-size='11' text-anchor='middle'>{tick:,g} ms</text>",
        ]
    for place, (name, values) in enumerate(rows.items()):
        y = TOP + ROW * place
        lines.append(_label(y, name))
        lines += [
            f"<circle cx='{x(value):.1f}' cy='{y + 11}' r='{radius}' fill='{OURS}' fill-opacity='{0.4 + radius / 15}'/>"
            for value, radius in zip(values, (7, 5, 4), strict=True)
        ]
        shown = " / ".join(f"{value:,.0f}" if value >= 10 else f"{value:.1f}" for value in values)
        lines.append(f"<text x='{LEFT + _SPAN + 16}' y='{y + 16}'>{shown}</text>")
    return _drawing(title, subtitle, bottom + 14, lines)


def _label(y: float, text: str) -> str:
    return f"<text x='{LEFT - 10}' y='{y + 16}' text-anchor='end'>{escape(text)}</text>"


def _rect(y: float, width: float, colour: str) -> str:
    return f"<rect x='{LEFT}' y='{y + 3}' width='{max(0.0, width):.1f}' height='{ROW - 8}' rx='2' fill='{colour}'/>"


def _drawing(title: str, subtitle: str, bottom: float, lines: Sequence[str]) -> str:
    head = [
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {bottom + 12:.0f}' role='img'>",
        f"<g fill='{INK}' font-family='ui-sans-serif, system-ui, sans-serif' font-size='13'>",
        f"<title>{escape(title)}</title>",
        f"<text x='12' y='24' font-size='17' font-weight='600'>{escape(title)}</text>",
        f"<text x='12' y='44' font-size='12'>{escape(subtitle)}</text>",
    ]
    return "\n".join([*head, *lines, "</g></svg>"]) + "\n"
