"""The tuner: sizes and lifetimes from miss-ratio curves."""

from warmline_studies.tuner.chart import draw_advice
from warmline_studies.tuner.curve import TTLS, Curve, LifetimeStep, SizeStep
from warmline_studies.tuner.edit import edit
from warmline_studies.tuner.inventory import write
from warmline_studies.tuner.recommend import Advice, advice, compare, require_enough
from warmline_studies.tuner.report import lines, report_sample
from warmline_studies.tuner.sample import Sample
from warmline_studies.tuner.stack import Distance, Stack
from warmline_studies.tuner.study import Setting, Studied, choose_rate, study

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
    "choose_rate",
    "compare",
    "draw_advice",
    "edit",
    "lines",
    "report_sample",
    "require_enough",
    "study",
    "write",
]
