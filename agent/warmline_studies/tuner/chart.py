"""The tuner's chart: what every ttl and every size of L1 would bring, and which are recommended. Pure."""

from collections.abc import Sequence
from itertools import cycle

from warmline.caches import CACHES
from warmline_studies.charts import PlottedCurve, draw_curves
from warmline_studies.tuner.recommend import Advice

PALETTE = ("#e8590c", "#4c8eda", "#2b9348", "#9c36b5", "#b8860b", "#0b7285")
COLOURS = dict(zip(CACHES, cycle(PALETTE), strict=False))


def draw_advice(given: Sequence[Advice], title: str) -> str:
    """Draw hit ratios by ttl above, hit ratios in L1 by its size below, with a dot at what is recommended, as SVG."""
    lifetimes, sizes = [], []
    for one in given:
        by_ttl = [(step.ttl, step.hit) for step in one.lifetimes]
        by_size = [(float(step.entries), step.hit) for step in one.sizes]
        lifetimes.append(PlottedCurve(one.cache, COLOURS[one.cache], by_ttl, (one.ttl.ttl, one.ttl.hit)))
        sizes.append(PlottedCurve(one.cache, COLOURS[one.cache], by_size, (float(one.size.entries), one.size.hit)))
    panels = {
        "lookups that find something, by ttl in seconds": lifetimes,
        "lookups that L1 answers, by its entries": sizes,
    }
    return draw_curves(title, panels)
