"""The report as one HTML file that needs nothing else: drawings, tables, and what to know about them."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from tests.measure.bench.report import Part, shown
from tests.measure.evidence.shown.drawings import draw
from tests.measure.evidence.shown.summary import Row

_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    keep_trailing_newline=True,
)
_TEMPLATES.filters["shown"] = shown


def render(about: Mapping[str, str], rows: Sequence[Row], part: Part) -> str:
    """Write the whole file."""
    return _TEMPLATES.get_template("page.html.j2").render(about=about, drawings=draw(rows), part=part)
