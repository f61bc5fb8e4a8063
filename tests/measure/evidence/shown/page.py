"""The report as one HTML file that needs nothing else: drawings, tables, and what to know about them. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape

from tests.measure.bench.report import Bar, Part, Table, shown
from tests.measure.evidence.setups import CACHES
from tests.measure.evidence.shown import charts
from tests.measure.evidence.shown.charts import Hits
from tests.measure.evidence.shown.summary import Row
from tests.measure.evidence.shown.tables import MIB, title

_STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { max-width: 72rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .85rem }
caption { text-align: left; font-weight: 600; padding: .5rem 0 }
th, td { padding: .2rem .7rem; text-align: right; border-bottom: 1px solid #8884 }
th:first-child { text-align: left }
.wide { overflow-x: auto; margin: 1.5rem 0 }
.missed { color: #d1242f; font-weight: 600 }
dt { font-weight: 600 } dd { margin: 0 0 .4rem }
svg { max-width: 52rem; width: 100%; display: block; margin: 1.5rem 0 }
"""


def drawing(rows: Sequence[Row]) -> str:
    """The hit ratios, as they stand in the README."""
    groups = {
        cache: [
            Hits(
                title(row),
                row.caches[cache].hits,
                row.caches[cache].best,
                row.caches[cache].quoted,
                bool(row.redis_bytes),
            )
            for row in rows
        ]
        for cache in CACHES
    }
    subtitle = "lookups that cost no load; the mark is the best possible for the same requests; orange: entries shared"
    return charts.ratios("What workers find in their caches", subtitle, groups)


def page(about: Mapping[str, str], rows: Sequence[Row], part: Part) -> str:
    """The whole file."""
    drawn = [drawing(rows), *_times(rows), _money(rows), _memory(rows)]
    body = [
        "<h1>What caching, stickiness and sharing give</h1>",
        f"<dl>{''.join(f'<dt>{escape(name)}</dt><dd>{escape(said)}</dd>' for name, said in about.items())}</dl>",
        *drawn,
        _bars(part.bars),
        *(_table(table) for table in part.tables),
    ]
    return (
        f"<!doctype html>\n<html lang='en'><head><meta charset='utf-8'><title>Evidence</title><style>{_STYLE}</style>"
        f"<meta name='viewport' content='width=device-width'></head>\n<body>\n{chr(10).join(body)}\n</body></html>\n"
    )


def _times(rows: Sequence[Row]) -> Iterable[str]:
    for what, heading in (("answer", "From a question to its answer"), ("speech", "From a text to its first audio")):
        found = {title(row): row.times[what] for row in rows if what in row.times}
        percentiles = {name: (times.p50, times.p95, times.p99) for name, times in found.items()}
        yield charts.times(heading, "p50 / p95 / p99, milliseconds, through nginx", percentiles)


def _money(rows: Sequence[Row]) -> str:
    shared = frozenset(title(row) for row in rows if row.redis_bytes)
    costs = {title(row): row.cost for row in rows}
    return charts.amounts(
        "What the speech provider took for the trace", "rupees, by its list price", costs, shared=shared
    )


def _memory(rows: Sequence[Row]) -> str:
    shared = frozenset(title(row) for row in rows if row.redis_bytes)
    sizes = {title(row): (sum(row.l1_bytes) + row.redis_bytes) / MIB for row in rows}
    return charts.amounts("What the caches hold", "MiB in all workers and Redis together", sizes, shared=shared)


def _table(table: Table) -> str:
    head = "".join(f"<th>{escape(column)}</th>" for column in ("", *table.columns))
    lines = "".join(
        f"<tr><th>{escape(name)}</th>"
        + "".join(
            f"<td>{escape(shown(cell, form))}</td>" for cell, form in zip(cells, table.columns.values(), strict=True)
        )
        + "</tr>"
        for name, cells in table.rows.items()
    )
    note = f"<p>{escape(table.note)}</p>" if table.note else ""
    return (
        f"<div class='wide'><table><caption>{escape(table.title)}</caption><tr>{head}</tr>{lines}</table>{note}</div>"
    )


def _bars(bars: Sequence[Bar]) -> str:
    lines = "".join(
        f"<tr><th>{escape(bar.what)}</th><td>{escape(bar.wanted)}</td><td>{escape(bar.got)}</td>"
        + ("<td>reached</td></tr>" if bar.reached else f"<td class='missed'>missed: {escape(bar.why)}</td></tr>")
        for bar in bars
    )
    head = "<tr><th></th><th>to reach</th><th>measured</th><th></th></tr>"
    return f"<div class='wide'><table><caption>Numbers to reach</caption>{head}{lines}</table></div>"
