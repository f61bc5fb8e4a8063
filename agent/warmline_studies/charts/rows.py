"""Charts of rows: a name at the left, a bar or dots beside it, a text at the right. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from warmline_studies.charts.drawing import INK, OURS, THEIRS, WIDTH, Drawing
from warmline_studies.charts.scale import Scale, decades

TOP, ROW = 66, 24
LETTER = 7.5
"""The width of a letter in the widest of usual fonts, on average."""

BESIDE, BEHIND = 90, 170
"""The room for a text beside the longest bar, or behind the end of the scale."""

RADII = (7, 5, 4)
"""Of a row's first, second and third dot."""


class Bar(NamedTuple):
    """One bar: `said` stands beside it, with an `aside` in smaller letters; `mark` is a value to draw a mark at, and
    `ours` gives the bar our colour."""

    name: str
    value: float
    said: str
    aside: str = ""
    mark: float | None = None
    ours: bool = False


class _Rows:
    """Rows below each other on a drawing, the first at `y`."""

    def __init__(self, drawing: Drawing, names: Iterable[str], scale: Scale, *, room: float) -> None:
        self.drawing, self._scale, self.y = drawing, scale, TOP
        self.left, self.right = 20 + LETTER * max(map(len, names), default=0), WIDTH - room

    def x(self, value: float) -> float:
        """Find the place of a value."""
        return self.left + (self.right - self.left) * self._scale.place(value)

    def draw_ticks(self, count: int, unit: str = "") -> None:
        """Draw each tick of the scale beside so many rows, and write its value below."""
        for value in self._scale.ticks:
            x, bottom = self.x(value), TOP + ROW * count
            self.drawing.line(x, TOP - 6, x, bottom)
            self.drawing.words(x, bottom + 14, f"{value:,g}{unit}", text_anchor="middle", font_size=11)

    def draw_bar(self, bar: Bar, *, tracked: bool) -> None:
        """Draw one bar in a row of its own."""
        y, end = self._begin(bar.name), self.x(bar.value)
        track = [(self.right, INK, 0.12)] if tracked else []
        for x, fill, opacity in [*track, (end, OURS if bar.ours else THEIRS, 1.0)]:
            place: dict[str, float] = {"x": self.left, "y": y + 3, "width": x - self.left, "height": ROW - 8}
            self.drawing.add("rect", **place, rx=2, fill=fill, fill_opacity=opacity)
        if bar.mark is not None:
            x = self.x(bar.mark)
            self.drawing.line(x, y, x, y + ROW - 2, stroke_width=2.5, stroke_opacity=1)
        beside = (self.right if tracked else end) + 8
        self.drawing.words(beside, y + 16, bar.said, font_weight=600, aside=bar.aside)

    def draw_dots(self, name: str, values: Sequence[float]) -> None:
        """Draw up to three dots in a row of their own."""
        y = self._begin(name)
        for value, radius in zip(values, RADII, strict=False):
            opacity = 0.4 + radius / 15
            self.drawing.add("circle", cx=self.x(value), cy=y + 11, r=radius, fill=OURS, fill_opacity=opacity)
        said = " / ".join(f"{value:,.0f}" if value >= 10 else f"{value:.1f}" for value in values)
        self.drawing.words(self.right + 16, y + 16, said)

    def _begin(self, name: str) -> int:
        y, self.y = self.y, self.y + ROW
        self.drawing.words(self.left - 10, y + 16, name, text_anchor="end")
        return y


def draw_bars(
    title: str, subtitle: str, groups: Mapping[str, Sequence[Bar]], scale: Scale, *, tracked: bool = False
) -> str:
    """Draw each group of bars below its name, if it has one. `tracked` bars lie on a track as long as the scale, and
    what is said of them stands behind the track."""
    names = [bar.name for bars in groups.values() for bar in bars]
    rows = _Rows(Drawing(title, subtitle), names, scale, room=BEHIND if tracked else BESIDE)
    rows.draw_ticks(len(names))
    for name, bars in groups.items():
        rows.drawing.words(rows.left, rows.y + 14, name, font_weight=600)
        rows.y += ROW if name else 0
        for bar in bars:
            rows.draw_bar(bar, tracked=tracked)
        rows.y += ROW // 2
    return rows.drawing.svg(rows.y + 14)


def draw_dots(title: str, subtitle: str, values: Mapping[str, Sequence[float]], *, least: float, unit: str) -> str:
    """Draw up to three values of each row on a logarithmic scale from `least`, and write them behind it."""
    largest = max((value for row in values.values() for value in row), default=least)
    rows = _Rows(Drawing(title, subtitle), values, decades(least, max(10 * least, largest)), room=BEHIND)
    rows.draw_ticks(len(values), f" {unit}")
    for name, row in values.items():
        rows.draw_dots(name, row)
    return rows.drawing.svg(rows.y + 26)
