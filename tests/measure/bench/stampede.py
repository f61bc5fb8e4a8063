"""A key that nobody has, and everybody asks for at once."""

import asyncio
import itertools
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tests.measure.bench.fleet import Fleet
from tests.measure.bench.measure import Spread, in_turns_until_slow
from tests.measure.bench.messages import Cold, Open
from tests.measure.bench.on_redis import SHARED
from tests.measure.bench.origin import LOAD_SECONDS, Origin
from tests.measure.bench.report import TOO_SLOW, Bar, Cell, Part, Table
from tests.measure.bench.servers import Count, Counter

CALLERS = 100
CROWD = 1000
OURS = "warmline"
CONTENDERS = [name for name in SHARED if name != "cashews, client-side"]
START_SECONDS = 0.1
"""From telling the processes when to start until they start."""
SLOW_MILLISECONDS = 5000.0
"""Who takes longer than this is measured once: its rounds would outlast all the others'."""
COMMANDS = 60


@dataclass(frozen=True, slots=True)
class Rush:
    """What one rush cost."""

    loads: int
    count: Count
    milliseconds: float


class Rushes:
    """Makes rushes of one size, each for a key that nobody has had before."""

    def __init__(
        self, fleet: Fleet, counter: Counter, origin: Origin, *, processes: int, callers: int, patience: float
    ) -> None:
        self._members = fleet.members[:processes]
        self._counter = counter
        self._origin = origin
        self._callers = callers
        self._patience = patience
        self._keys: Iterator[str] = (f"organisation-{processes}-{number}/cold" for number in itertools.count())

    async def rounds(self, number: int) -> dict[str, list[Rush]]:
        """So many of every contender in turn, after one that does not count."""
        return await in_turns_until_slow(
            CONTENDERS, self._rush, number, slow=lambda rush: rush.milliseconds > SLOW_MILLISECONDS, ours=OURS
        )

    async def _rush(self, name: str) -> Rush:
        key = next(self._keys)
        before = await self._counter.count()
        work = Cold(name, key, self._callers, time.monotonic() + START_SECONDS)
        ends = await asyncio.gather(*(member.ask(work, seconds=self._patience) for member in self._members))
        count = await self._counter.count() - before
        return Rush(await self._origin.asked(key), count, (max(ends) - work.at) * 1000)


async def run(fleet: Fleet, counter: Counter, origin: Origin, *, rounds: int, patience: float) -> Part:
    """Ten processes, and one. Who has not answered all callers of a key after `patience` seconds is too slow."""
    await fleet.all(Open(CONTENDERS, "slow"))
    workers = len(fleet.members)
    apart, together = [
        await Rushes(fleet, counter, origin, processes=processes, callers=callers, patience=patience).rounds(rounds)
        for processes, callers in ((workers, CALLERS), (1, CROWD))
    ]
    return Part(
        [
            _table("cold", f"A cold key, {workers} processes x {CALLERS} callers: median (min-max)", apart),
            _table("crowd", f"A cold key, one process, {CROWD:,} callers: median (min-max)", together),
        ],
        _bars(workers, apart[OURS], together[OURS]),
    )


def _table(name: str, title: str, rushes: Mapping[str, Sequence[Rush]]) -> Table:
    return Table(
        name,
        title,
        {"loads": ",.0f", "Redis commands": ",.0f", "heartbeats": ",.0f", "wall, ms": ",.0f"},
        {contender: _row(contender, of_it) for contender, of_it in rushes.items()},
        f"The load takes {LOAD_SECONDS * 1000:.0f} ms. Connections and scripts are warm; each organisation is new to"
        " Redis. Commands within scripts count. Heartbeats are what ten Warmline workers send all the time, for"
        " whatever was asked; they are not in the commands. Who takes longer than 5 s is measured once; who is too slow"
        " had not answered within a tenth of the whole run's time, and may have disturbed what came after it.",
    )


def _row(name: str, rushes: Sequence[Rush]) -> list[Cell]:
    if not rushes:
        return [None, None, None, TOO_SLOW]
    return [
        Spread.of([rush.loads for rush in rushes]),
        Spread.of([rush.count.commands for rush in rushes]),
        Spread.of([rush.count.heartbeats for rush in rushes]) if name == OURS else None,
        Spread.of([rush.milliseconds for rush in rushes]),
    ]


def _bars(workers: int, apart: Sequence[Rush], together: Sequence[Rush]) -> list[Bar]:
    what = f"cold key, {workers} x {CALLERS} callers"
    loads, commands = max(rush.loads for rush in apart), max(rush.count.commands for rush in apart)
    crowd = max(rush.loads for rush in together)
    return [
        Bar(f"{what}: loads, worst round", "1", f"{loads}", loads == 1, "A lease was not to be had in time."),
        Bar(f"{what}: Redis commands, worst round", f"<= {COMMANDS}", f"{commands}", commands <= COMMANDS),
        Bar(f"cold key, {CROWD:,} callers of one process: loads", "1", f"{crowd}", crowd == 1),
    ]
