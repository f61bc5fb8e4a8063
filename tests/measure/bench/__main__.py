"""`python -m tests.measure.bench`: measure, print, and keep it if told to."""

import argparse
import asyncio
import contextlib
import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import uvloop

from tests.measure.bench import invalidation, joining, l1, l2, report, stampede
from tests.measure.bench.environment import after, environment
from tests.measure.bench.fleet import fleet
from tests.measure.bench.measure import as_far_as_it_goes
from tests.measure.bench.origin import Origin
from tests.measure.bench.report import Part
from tests.measure.bench.servers import Counter, Servers, cores, servers
from tests.support.processes import ROOT
from warmline_studies.charts import Bar, decades, draw_bars

KEPT = ROOT / "docs" / "results"


@dataclass(frozen=True, slots=True)
class Rounds:
    """How often each part is repeated, and after how many seconds a run is given up."""

    l1: int
    l2: int
    cold: int
    phrases: int
    invalidation: invalidation.Sizes
    seconds: float


FULL = Rounds(21, 9, 5, 50, invalidation.Sizes(invalidations=1000, races=10_000, peer_races=1000), 600)
QUICK = Rounds(5, 3, 1, 10, invalidation.Sizes(invalidations=200, races=500, peer_races=100), 120)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="tests.measure.bench", description="Measure the cache beside its peers.")
    parser.add_argument("--quick", action="store_true", help="a tenth of the work, in under 40 s: to see that it runs")
    parser.add_argument("--write", action="store_true", help=f"keep text, JSON and chart in {KEPT.relative_to(ROOT)}")
    chosen = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    about, began = environment(), time.monotonic()
    try:
        parts, complete = _measure(QUICK if chosen.quick else FULL)
    except KeyboardInterrupt:
        sys.exit(130)
    about = after(about, time.monotonic() - began)
    sys.stdout.write(report.text(about, parts))
    if not complete:
        sys.exit("bench-cache: not all of it could be measured in time; nothing was written")
    if chosen.write:
        _keep(about, parts)


def _measure(rounds: Rounds) -> tuple[list[Part], bool]:
    """The parts that were measured in time, and whether those are all."""
    with (
        tempfile.TemporaryDirectory(prefix="warmline-bench-") as folder,
        servers(Path(folder)) as started,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        return runner.run(as_far_as_it_goes(_parts(started, rounds), seconds=rounds.seconds))


async def _parts(started: Servers, rounds: Rounds) -> AsyncIterator[Part]:
    counter, origin = Counter(started), Origin(started.origin.port)
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(counter.aclose)
        stack.push_async_callback(origin.aclose)
        with _pinned():
            _said("hits in memory")
            yield await l1.run(started, rounds=rounds.l1)
            _said("hits in Redis")
            yield await l2.run(started, counter, rounds=rounds.l2)
        _said("ten processes start")
        workers = await stack.enter_async_context(fleet(started))
        _said("cold keys")
        yield await stampede.run(workers, counter, origin, rounds=rounds.cold, patience=rounds.seconds / 10)
        _said("joined phrases")
        yield await joining.run(workers, phrases=rounds.phrases)
        _said("invalidations")
        yield await invalidation.run(workers, started, origin, rounds.invalidation, _said)


@contextlib.contextmanager
def _pinned() -> Iterator[None]:
    """This process on a core of its own."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores()[0])
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _said(what: str) -> None:
    sys.stderr.write(f"bench-cache: {what}\n")


def _keep(about: dict[str, str], parts: list[Part]) -> None:
    KEPT.mkdir(parents=True, exist_ok=True)
    found = report.data(about, parts)
    (KEPT / "cache.txt").write_text(report.text(about, parts), encoding="utf-8")
    (KEPT / "cache.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    hits = {name: row["200 B, ns"]["median"] for name, row in found["tables"]["l1"]["rows"].items()}
    (KEPT / "cache.svg").write_text(_draw(hits), encoding="utf-8")


def _draw(hits: Mapping[str, float]) -> str:
    ordered = sorted(hits.items(), key=lambda item: item[1])
    bars = [Bar(name, value, f"{value:,.0f}", ours=name == l1.OURS) for name, value in ordered]
    unit = "nanoseconds for each hit of 200 B, logarithmic scale; shorter is better"
    scale = decades(bars[0].value, bars[-1].value)
    return draw_bars("What a cache hit in memory costs a coroutine", unit, {"": bars}, scale)


if __name__ == "__main__":
    main()
