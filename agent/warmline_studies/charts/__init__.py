"""Charts as SVG: bars, dots and curves that need nothing else, and that a light page and a dark one both carry.

The same values make the same bytes.
"""

from warmline_studies.charts.curves import PlottedCurve, draw_curves
from warmline_studies.charts.rows import Bar, draw_bars, draw_dots
from warmline_studies.charts.scale import decades, linear

__all__ = ["Bar", "PlottedCurve", "decades", "draw_bars", "draw_curves", "draw_dots", "linear"]
