"""How long it takes until every worker has forgotten, and whether one ever answers with what is over."""

import asyncio
import contextlib
import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.measure.bench.fleet import Fleet, fleet
from tests.measure.bench.measure import percentile
from tests.measure.bench.messages import Disturb, Invalidate, Open, Read
from tests.measure.bench.origin import Origin
from tests.measure.bench.report import TOO_SLOW, Bar, Cell, Part, Table
from tests.measure.bench.servers import Servers

OURS = "warmline"
PEERS = ("cashews, client-side", "cashews", "aiocache", "dogpile.cache")
CHAINS = 16
"""Races at the same time, each about a key of its own."""
READERS = 2
NOISE = 4
"""Tasks of each worker that read all the time, so that loads and fills are under way when an invalidation comes."""
PATIENCE_SECONDS = 10.0
"""Who has no answer by then has failed."""
PEER_SECONDS = 30.0
"""After so long a peer's races end, however many there were."""
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
    failed: int = 0
    others: tuple[int, int] | None = None
    """What was read meanwhile, and how many of these reads failed; None if the processes did not come to rest."""
    too_slow: bool = False
    """Whether the processes were not even ready to race in time."""


async def run(workers: Fleet, servers: Servers, origin: Origin, sizes: Sizes, said: Callable[[str], None]) -> Part:
    """Times first, in quiet; then races. Each peer has processes of its own, for some never come to rest."""
    await workers.all(Open([OURS], "current"))
    quiet = await _times(workers, sizes.invalidations)
    said(f"{sizes.races:,} races")
    races = await _races(workers, origin, OURS, sizes.races)
    control = await _races(workers, origin, OURS, sizes.peer_races, invalidating=False)
    said(f"{sizes.peer_races:,} races of each peer")
    peers = {name: await _peer_races(servers, origin, name, sizes.peer_races) for name in PEERS}
    rows = {OURS: races, **peers, f"{OURS}, not invalidating (control)": control}
    return Part([_times_table(quiet), _races_table(rows)], _bars(quiet, races, len(workers.members)))


@dataclass(frozen=True, slots=True)
class _Time:
    milliseconds: float
    acknowledged: int
    waited_out: int


async def _times(workers: Fleet, number: int) -> list[_Time]:
    """One invalidation after the other, of random workers; every worker holds what is invalidated."""
    times = []
    for turn in range(number):
        key = f"organisation/{'g' if turn % 2 else 'k'}"
        if turn % 10 == 0:
            await workers.all(Read(OURS, key))
        times.append(_Time(*await random.choice(workers.members).ask(Invalidate(OURS, key))))
    return times


async def _peer_races(servers: Servers, origin: Origin, name: str, number: int) -> Races:
    async with fleet(servers) as workers:
        try:
            await workers.all(Open([name], "current"))
            return await _races(workers, origin, name, number, seconds=PEER_SECONDS)
        except TimeoutError:
            return Races(too_slow=True)


async def _races(
    workers: Fleet, origin: Origin, name: str, number: int, *, invalidating: bool = True, seconds: float = math.inf
) -> Races:
    """While others read the same keys: the origin's number grows, somebody invalidates, others read."""
    keys = [f"organisation-{chain}/{'g' if chain % 2 else 'k'}" for chain in range(CHAINS)]
    races, clock = Races(), asyncio.get_running_loop().time
    until = clock() + seconds

    async def chain(key: str) -> None:
        while races.number < number and clock() < until:
            races.number += 1
            try:
                await _race(workers, origin, name, key, races, invalidating=invalidating)
            except (RuntimeError, TimeoutError):
                races.failed += 1

    await workers.all(Disturb(name, keys, NOISE))
    await asyncio.gather(*(chain(key) for key in keys))
    with contextlib.suppress(TimeoutError):
        counts = await workers.all(Disturb(name, [], 0), seconds=PATIENCE_SECONDS)
        races.others = (sum(read for read, _ in counts), sum(failed for _, failed in counts))
    return races


async def _race(workers: Fleet, origin: Origin, name: str, key: str, races: Races, *, invalidating: bool) -> None:
    now = await origin.grow(key)
    invalidator, *readers = random.sample(workers.members, 1 + READERS)
    if invalidating:
        await invalidator.ask(Invalidate(name, key), seconds=PATIENCE_SECONDS)
    reading = (reader.ask(Read(name, key), seconds=PATIENCE_SECONDS) for reader in readers)
    values = await asyncio.gather(*reading)
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
        {
            "races": ",d",
            "failed": ",d",
            "reads": ",d",
            "stale": ",d",
            "other reads meanwhile": ",d",
            "of which failed": ",d",
        },
        {name: _races_row(races) for name, races in rows.items()},
        f"{CHAINS} races at a time over {CHAINS} keys, which {NOISE} tasks in each worker read all the time. A race has"
        f" failed if somebody got an error, or nothing within {PATIENCE_SECONDS:.0f} s; a peer's end after"
        f" {PEER_SECONDS:.0f} s. For the peers, to invalidate is to delete. The control shows that a value that is over"
        " would be noticed.",
    )


def _races_row(races: Races) -> list[Cell]:
    if races.too_slow:
        return [TOO_SLOW, *[None] * 5]
    return [races.number, races.failed, races.reads, races.stale, *(races.others or (None, None))]


def _bars(times: Sequence[_Time], races: Races, workers: int) -> list[Bar]:
    late = percentile([time.milliseconds for time in times], 0.99)
    complete = sum(time.acknowledged == workers and not time.waited_out for time in times)
    what = f"invalidation acknowledged by {workers} workers"
    return [
        Bar(f"{what}, p99", f"<= {MILLISECONDS:.0f} ms", f"{late:.1f} ms", late <= MILLISECONDS, _WHY_LATE),
        Bar(f"{what}, of {len(times):,}", f"{len(times):,}", f"{complete:,}", complete == len(times), _WHY_SILENT),
        Bar(f"stale reads in {races.number:,} races", "0", f"{races.stale}", races.stale == 0),
        Bar(f"failed of {races.number:,} races", "0", f"{races.failed}", races.failed == 0),
    ]


_WHY_LATE = "All processes share this machine's cores: each waits for its turn to run."
_WHY_SILENT = "A worker that did not answer within its lease was waited out, as the protocol has it."
