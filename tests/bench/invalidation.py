"""How long it takes until every worker has forgotten, and whether one ever answers with what is over."""

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.bench.fleet import Fleet
from tests.bench.measure import percentile
from tests.bench.messages import Disturb, Invalidate, Open, Read
from tests.bench.origin import Origin
from tests.bench.report import Bar, Part, Table

OURS = "warmline"
PEERS = ("cashews, client-side", "cashews", "aiocache", "dogpile.cache")
CHAINS = 16
"""Races at the same time, each about a key of its own."""
READERS = 2
NOISE = 4
"""Tasks of each worker that read all the time, so that loads and fills are under way when an invalidation comes."""
MILLISECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Sizes:
    """How often."""

    invalidations: int
    races: int
    peer_races: int


@dataclass(slots=True)
class Races:
    """What came of them."""

    number: int = 0
    reads: int = 0
    stale: int = 0
    disturbances: int = 0


async def run(fleet: Fleet, origin: Origin, sizes: Sizes, said: Callable[[str], None]) -> Part:
    """Times first, in quiet; then races."""
    await fleet.all(Open([OURS], "current"))
    quiet = await _times(fleet, sizes.invalidations)
    said(f"{sizes.races:,} races")
    races = await _races(fleet, origin, OURS, sizes.races)
    control = await _races(fleet, origin, OURS, sizes.peer_races, invalidating=False)
    said(f"{sizes.peer_races:,} races of each peer")
    peers = {name: await _peer_races(fleet, origin, name, sizes.peer_races) for name in PEERS}
    rows = {OURS: races, **peers, f"{OURS}, not invalidating (control)": control}
    return Part([_times_table(quiet), _races_table(rows)], _bars(quiet, races, len(fleet.members)))


@dataclass(frozen=True, slots=True)
class _Time:
    milliseconds: float
    acknowledged: int
    waited_out: int


async def _times(fleet: Fleet, number: int) -> list[_Time]:
    """One invalidation after the other, of random workers; every worker holds what is invalidated."""
    times = []
    for turn in range(number):
        key = f"organisation/{'g' if turn % 2 else 'k'}"
        if turn % 10 == 0:
            await fleet.all(Read(OURS, key))
        times.append(_Time(*await random.choice(fleet.members).ask(Invalidate(OURS, key))))
    return times


async def _peer_races(fleet: Fleet, origin: Origin, name: str, number: int) -> Races:
    await fleet.all(Open([name], "current"))
    return await _races(fleet, origin, name, number)


async def _races(fleet: Fleet, origin: Origin, name: str, number: int, *, invalidating: bool = True) -> Races:
    """While others read the same keys: the origin's number grows, somebody invalidates, others read."""
    keys = [f"organisation-{chain}/{'g' if chain % 2 else 'k'}" for chain in range(CHAINS)]
    races = Races()

    async def chain(key: str) -> None:
        while races.number < number:
            races.number += 1
            await _race(fleet, origin, name, key, races, invalidating=invalidating)

    before = sum(await fleet.all(Disturb(name, keys, NOISE)))
    await asyncio.gather(*(chain(key) for key in keys))
    races.disturbances = sum(await fleet.all(Disturb(name, [], 0))) - before
    return races


async def _race(fleet: Fleet, origin: Origin, name: str, key: str, races: Races, *, invalidating: bool) -> None:
    now = await origin.grow(key)
    invalidator, *readers = random.sample(fleet.members, 1 + READERS)
    if invalidating:
        await invalidator.ask(Invalidate(name, key))
    values = await asyncio.gather(*(reader.ask(Read(name, key)) for reader in readers))
    races.reads += len(values)
    races.stale += sum(value < now for value in values)


def _times_table(times: Sequence[_Time]) -> Table:
    taken = [time.milliseconds for time in times]
    row = [percentile(taken, share) for share in (0.5, 0.9, 0.99)]
    return Table(
        "invalidation",
        f"An invalidation until every worker has acknowledged it, milliseconds, {len(times):,} of them",
        {"median": ".1f", "p90": ".1f", "p99": ".1f", "longest": ".1f"},
        {OURS: [*row, max(taken)]},
        "The peers' deletions are not acknowledged by anybody.",
    )


def _races_table(rows: dict[str, Races]) -> Table:
    return Table(
        "races",
        "Races: the origin changes, a worker invalidates, others are asked once it has returned",
        {"races": ",d", "reads": ",d", "stale": ",d", "other reads meanwhile": ",d"},
        {name: [races.number, races.reads, races.stale, races.disturbances] for name, races in rows.items()},
        f"{CHAINS} races at a time over {CHAINS} keys, which {NOISE} tasks in each worker read all the time. For the"
        " peers, to invalidate is to delete. The control shows that a value that is over would be noticed.",
    )


def _bars(times: Sequence[_Time], races: Races, workers: int) -> list[Bar]:
    late = percentile([time.milliseconds for time in times], 0.99)
    complete = sum(time.acknowledged == workers and not time.waited_out for time in times)
    what = f"invalidation acknowledged by {workers} workers"
    return [
        Bar(f"{what}, p99", f"<= {MILLISECONDS:.0f} ms", f"{late:.1f} ms", late <= MILLISECONDS, _WHY_LATE),
        Bar(f"{what}, of {len(times):,}", f"{len(times):,}", f"{complete:,}", complete == len(times), _WHY_SILENT),
        Bar(f"stale reads in {races.number:,} races", "0", f"{races.stale}", races.stale == 0),
    ]


_WHY_LATE = "All processes share this machine's cores: each waits for its turn to run."
_WHY_SILENT = "A worker that did not answer within its lease was waited out, as the protocol has it."
