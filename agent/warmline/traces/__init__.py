"""Traces: what callers asked of which agent, when and from where. Read from a file, invented, or drawn from texts.

One JSON object a line, sorted by `at`; `Entry` says what each field means.
"""

from warmline.errors import TraceError
from warmline.traces.catalogue import Catalogue, Invented
from warmline.traces.describe import Description, describe
from warmline.traces.entry import Entry, Kind, line
from warmline.traces.generate import generate
from warmline.traces.reader import Problems, read
from warmline.traces.sampled import Part, sampled
from warmline.traces.shape import Shape, invented_tenants
from warmline.traces.shapes import parsed
from warmline.traces.utterances import Uttered

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
    "invented_tenants",
    "line",
    "parsed",
    "read",
    "sampled",
]
