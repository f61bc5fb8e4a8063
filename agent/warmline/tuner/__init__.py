"""The tuner: sizes and lifetimes from miss-ratio curves."""

from warmline.tuner.apply import applied
from warmline.tuner.chart import drawing
from warmline.tuner.curve import TTLS, Curve, LifetimeStep, SizeStep
from warmline.tuner.inventory import write
from warmline.tuner.recommend import Advice, advice, compared, writable
from warmline.tuner.report import lines, taken
from warmline.tuner.sample import Sample
from warmline.tuner.stack import Distance, Stack
from warmline.tuner.study import Setting, Studied, fitting, studied

__all__ = [
    "TTLS",
    "Advice",
    "Curve",
    "Distance",
    "LifetimeStep",
    "Sample",
    "Setting",
    "SizeStep",
    "Stack",
    "Studied",
    "advice",
    "applied",
    "compared",
    "drawing",
    "fitting",
    "lines",
    "studied",
    "taken",
    "writable",
    "write",
]
