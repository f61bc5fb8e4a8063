"""Traces: what callers asked of which agent, when and from where; read from a file, invented, or drawn from texts.

One JSON object a line, sorted by `at`; `Entry` says what each field means.
"""

from warmline_studies.traces.catalogue import Catalogue, Invented
from warmline_studies.traces.describe import Description, describe
from warmline_studies.traces.entry import Entry, Kind, line
from warmline_studies.traces.errors import TraceError
from warmline_studies.traces.generate import generate
from warmline_studies.traces.reader import Problems, read
from warmline_studies.traces.sampled import Part, sample
from warmline_studies.traces.shape import Shape, invent_tenants
from warmline_studies.traces.shapes import parse_shape
from warmline_studies.traces.utterances import Uttered

__all__ = [
    "Catalogue",
    "Description",
    "Entry",
    "Invented",
    "Kind",
    "Part",
    "Problems",
    "Shape",
    "TraceError",
    "Uttered",
    "describe",
    "generate",
    "invent_tenants",
    "line",
    "parse_shape",
    "read",
    "sample",
]
