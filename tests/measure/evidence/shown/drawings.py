"""The rows as drawings, in SVG. Pure."""

from collections.abc import Iterator, Mapping, Sequence

from tests.measure.evidence.setups import CACHES
from tests.measure.evidence.shown.summary import CacheShown, Row
from tests.measure.evidence.shown.tables import MIB, title
from warmline_studies.charts import Bar, draw_bars, draw_dots, linear

TIMED = {"answer": "From a question to its answer", "speech": "From a text to its first audio"}


def draw(rows: Sequence[Row]) -> Iterator[str]:
    """Draw hit ratios, milliseconds, money and memory."""
    yield draw_hits(rows)
    for what, heading in TIMED.items():
        found = {title(row): row.times[what] for row in rows if what in row.times}
        percentiles = {name: (times.p50, times.p95, times.p99) for name, times in found.items()}
        yield draw_dots(heading, "p50 / p95 / p99, milliseconds, through nginx", percentiles, least=0.1, unit="ms")
    costs = {row.letter: row.cost for row in rows}
    yield _draw_amounts("What the speech provider took for the trace", "rupees, by its list price", rows, costs)
    sizes = {row.letter: (sum(row.l1_bytes) + row.redis_bytes) / MIB for row in rows}
    yield _draw_amounts("What the caches hold", "MiB in all workers and Redis together", rows, sizes)


def draw_hits(rows: Sequence[Row]) -> str:
    """Draw the hit ratios, as they stand in the README."""
    subtitle = "lookups that cost no load; the mark is the best possible for the same requests; orange: entries shared"
    groups = {cache: [_hits(row, row.caches[cache]) for row in rows] for cache in CACHES}
    return draw_bars("What workers find in their caches", subtitle, groups, linear(1), tracked=True)


def _hits(row: Row, found: CacheShown) -> Bar:
    aside = f"(said: {found.quoted} %)" if found.quoted else ""
    return Bar(title(row), found.hits, f"{found.hits:.1%}", aside, mark=found.best, ours=bool(row.redis_bytes))


def _draw_amounts(heading: str, unit: str, rows: Sequence[Row], amounts: Mapping[str, float]) -> str:
    bars = []
    for row in rows:
        amount = amounts[row.letter]
        said = f"{amount:,.0f}" if amount >= 100 else f"{amount:,.2f}"
        bars.append(Bar(title(row), amount, said, ours=bool(row.redis_bytes)))
    return draw_bars(heading, unit, {"": bars}, linear(max(amounts.values(), default=0)))
