"""Rows → tables and numbers to reach, in the shape that the other benchmark's report has. Pure."""

from collections.abc import Sequence

from tests.measure.bench.report import Bar, Cell, Part, Table
from tests.measure.evidence.scale import REDIS_SECONDS
from tests.measure.evidence.setups import CACHES
from tests.measure.evidence.shown.summary import CacheShown, Row
from tests.measure.evidence.steps import PHASES

MIB = 1024 * 1024
WITHIN = 0.01
"""How far below the best possible a fleet with Redis may stay."""

_SHARE = ".1%"


def part(rows: Sequence[Row]) -> Part:
    """All tables, and what was to be reached."""
    made = [_hits(cache, rows) for cache in CACHES]
    made += [_phases(rows), _times(rows), _memory(rows), _run(rows)]
    return Part(tables=made, bars=[bar for row in rows if row.redis_bytes for bar in _bars(row)])


def title(row: Row) -> str:
    """How a row is called."""
    return f"{row.letter}  {row.title}" + (f", {row.workers}" if row.workers > 1 else "")


def _hits(cache: str, rows: Sequence[Row]) -> Table:
    columns = {
        "hits": _SHARE,
        "best possible": _SHARE,
        "quoted": "",
        **dict.fromkeys(("from L1", "from L2", "joined", "stale"), _SHARE),
        "calls": ",d",
        "least calls": ",d",
    }
    return Table(
        name=cache,
        title=f"{cache}: lookups that cost no load, of all; by whom they were answered; calls of the provider",
        columns=columns,
        rows={title(row): _hit_cells(row.caches[cache]) for row in rows},
    )


def _hit_cells(shown: CacheShown) -> list[Cell]:
    layers = [shown.shares[source] for source in ("l1", "l2", "joined", "stale")]
    quoted = f"{shown.quoted} %" if shown.quoted else None
    return [shown.hits, shown.best, quoted, *layers, shown.calls, shown.best_calls]


def _phases(rows: Sequence[Row]) -> Table:
    def cell(shown: CacheShown, phase: str) -> str | None:
        hits, best = shown.phases[phase], shown.best_phases[phase]
        return None if hits is None or best is None else f"{hits:.1%} of {best:.1%}"

    return Table(
        name="phases",
        title="Hits of the best possible, by quarters of the run: half of the workers are replaced at the beginning of "
        "the third,\none organisation's knowledge changes at the beginning of the fourth",
        columns=dict.fromkeys(PHASES, ""),
        rows={
            f"{row.letter}  {cache}": [cell(row.caches[cache], phase) for phase in PHASES]
            for row in rows
            for cache in CACHES
        },
    )


def _times(rows: Sequence[Row]) -> Table:
    columns = {f"{what} {name}": ",.1f" for what in ("answer", "speech") for name in ("p50", "p95", "p99")}
    cells: dict[str, list[Cell]] = {}
    for row in rows:
        found = [row.times.get(what) for what in ("answer", "speech")]
        cells[title(row)] = [
            None if times is None else value
            for times in found
            for value in ((times.p50, times.p95, times.p99) if times else (None, None, None))
        ]
    return Table(
        name="times",
        title="Milliseconds to the first byte, as callers see them through nginx",
        columns=columns,
        rows=cells,
        note="An answer takes config, prompt and rag; speech takes config and tts. The load is in the last table.",
    )


def _memory(rows: Sequence[Row]) -> Table:
    columns = {
        **dict.fromkeys(("RSS of one, MiB", "RSS of all", "L1 of one", "L1 of all", "Redis"), ",.0f"),
        "cost": ",.2f",
        "saved": ",.2f",
        "warm sockets": _SHARE,
    }
    return Table(
        name="memory",
        title="Memory at the end in MiB, money for the whole trace in rupees, and utterances that found a warm socket",
        columns=columns,
        rows={title(row): _memory_cells(row) for row in rows},
        note="Cost is what the speech provider took by its list price; calls of the data provider are free until a "
        "prices file says otherwise. Saved is what lookups without a load would have cost.",
    )


def _memory_cells(row: Row) -> list[Cell]:
    redis = row.redis_bytes / MIB if row.redis_bytes else None
    sizes = [max(row.rss), sum(row.rss), max(row.l1_bytes), sum(row.l1_bytes)]
    return [*(size / MIB for size in sizes), redis, row.cost, row.saved, row.sockets]


def _run(rows: Sequence[Row]) -> Table:
    def cells(row: Row) -> list[Cell]:
        told = max(row.invalidation_ms, default=0.0)
        return [
            row.requests,
            row.failed,
            f"{row.spread[0]:,}-{row.spread[-1]:,}",
            told,
            row.redis_failures,
            row.late,
            row.load,
        ]

    return Table(
        name="run",
        title="The runs themselves",
        columns={
            "requests": ",d",
            "failed": ",d",
            "a worker got": "",
            "invalidation, ms": ",.1f",
            "Redis given up": ",d",
            "client late p99, ms": ",.1f",
            "load after it": "",
        },
        rows={title(row): cells(row) for row in rows},
    )


def _bars(row: Row) -> list[Bar]:
    bars = []
    for cache in CACHES:
        shown = row.caches[cache]
        behind = shown.best - shown.hits
        bars.append(
            Bar(
                what=f"{title(row)}: hits of {cache}",
                wanted=f">= {shown.best - WITHIN:.1%}",
                got=f"{shown.hits:.1%}",
                reached=behind <= WITHIN,
                why=_why(row, behind),
            )
        )
    return bars


def _why(row: Row, behind: float) -> str:
    points = f"{behind * 100:.1f} points behind the best possible."
    if not row.redis_failures:
        return points + " No call of Redis failed: look for the phase that lost them."
    return (
        f"{points} {row.redis_failures:,} calls of Redis were given up: one that does not end within "
        f"{REDIS_SECONDS * 1000:.0f} ms, and all in the second after it. The machine was too busy (load {row.load}): "
        "measure again where nothing else runs."
    )
