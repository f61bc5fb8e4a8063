"""When a worker is warmed: at its start, and on demand.

The first sweep takes what L2 has, which costs milliseconds. A second asks origins for the rest, few at a time and
within an allowance; what that refuses stays cold. Organisations take turns by the rank of their questions, as they
share L1, and have equal parts of the allowance; what some leave of theirs is shared among those who lack it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from itertools import chain, islice, zip_longest
from typing import TypeVar

import structlog

from warmline.background import WorkerPart
from warmline.caches import CacheLimits
from warmline.warming.allowance import Allowance, Room
from warmline.warming.limits import WarmingLimits
from warmline.warming.popular import Popular
from warmline.warming.sweep import AskedQuestion, Services, Sweep, WarmingEvents, WarmingReport

T = TypeVar("T")

MOST = 2000
"""Questions, and phrases, that are warmed where nothing bounds their number in L1."""

_LOOKS = 32
"""Lookups in Redis at a time; those of one tick travel together."""

_log = structlog.get_logger(__name__)


class Warmer:
    """Warms this worker for the callers of `organisations`, those that have a key when a warming begins: with as many
    questions and phrases as L1 has room for, by the limits of each `cache`."""

    def __init__(
        self,
        services: Services,
        popular: Popular,
        *,
        organisations: Callable[[], Sequence[str]],
        limits: WarmingLimits,
        cache: Mapping[str, CacheLimits],
        events: WarmingEvents,
    ) -> None:
        self._services = services
        self._popular = popular
        self._organisations = organisations
        self._limits = limits
        self._questions = cache["rag"].max_entries or MOST
        self._phrases = cache["tts"].max_entries or MOST
        self._phrase_bytes = cache["tts"].max_bytes
        self._events = events

    async def warm(self, report: WarmingReport) -> None:
        """Fill L1, and the report as it goes. Raises nothing that an origin or Redis could do; faults of ours, when all
        else is warm, as an ExceptionGroup."""
        limits, organisations = self._limits, self._organisations()
        asked = in_turns(await asyncio.gather(*map(self._rank, organisations)), self._questions)
        room = Room(entries=self._phrases, size=self._phrase_bytes, organisations=len(organisations))
        looking = Sweep(self._services, report=report, events=self._events, room=room, concurrency=_LOOKS)
        faults = await self._faults_of(looking, organisations, asked)
        if looking.missed or faults:
            loading = Sweep(
                self._services,
                report=report,
                events=self._events,
                room=room,
                concurrency=limits.concurrency,
                allowance=Allowance(calls=limits.calls, characters=limits.characters, organisations=organisations),
            )
            faults = faults + await self._faults_of(loading, organisations, asked)
        if faults:
            raise ExceptionGroup("entries were left cold by faults of ours", faults)

    async def _faults_of(
        self, sweep: Sweep, organisations: Sequence[str], asked: Sequence[AskedQuestion]
    ) -> list[Exception]:
        """Run a sweep; what ends it is a fault too, and does not keep the next from running."""
        try:
            await sweep.run(organisations, asked)
        except Exception as error:  # noqa: BLE001 - raised again when the rest is warm
            return [*sweep.faults, error]
        return sweep.faults

    async def _rank(self, organisation: str) -> list[AskedQuestion]:
        ranked = await self._popular.top(organisation, self._questions)
        return [AskedQuestion(organisation, one.question.agent, one.question.text) for one in ranked]


class Warming(WorkerPart):
    """The warming of one worker: whether it may be called ready, and how it went.

    At the start the worker is ready when `warmer` is done or so many `seconds` have passed, whichever is first; what is
    under way then goes on. 0 leaves it cold. `joined` returns when L1 may be filled, or need not be waited
    for.
    """

    def __init__(
        self,
        warmer: Warmer,
        *,
        seconds: float,
        joined: Callable[[], Awaitable[object]],
        clock: Callable[[], float],
        events: WarmingEvents,
    ) -> None:
        self._warmer = warmer
        self._seconds = seconds
        self._joined = joined
        self._clock = clock
        self._events = events
        self._running: asyncio.Task[None] | None = None
        self._starting: asyncio.Task[None] | None = None
        self.state = "off" if seconds == 0 else "under way"
        """How the start's warming went: `off`, `under way`, `complete`, `failed`, or `timed out after ... s`."""
        self.report = WarmingReport()
        """Of the latest warming."""

    @property
    def ready(self) -> bool:
        """Whether nobody need wait for the warming any more."""
        return self.state != "under way"

    def start(self) -> None:
        """Begin the warming of the start, if there is one."""
        if not self.ready:
            self._starting = asyncio.get_running_loop().create_task(self._start(), name="warming at start")

    async def again(self) -> WarmingReport:
        """Warm now, or join the warming that is under way; returns when it is done."""
        running = self._run()
        await asyncio.wait({running})
        if not running.cancelled():
            running.result()
        return self.report

    async def aclose(self) -> None:
        """Stop, and wait for the end."""
        await asyncio.gather(*self.stop(), return_exceptions=True)

    def stop(self) -> list[asyncio.Task[None]]:
        """Warm nothing more. Loads that it began are the caches' to end."""
        tasks = [task for task in (self._starting, self._running) if task is not None]
        for task in tasks:
            task.cancel()
        return tasks

    async def _start(self) -> None:
        running = self._run()
        await asyncio.wait({running}, timeout=self._seconds)
        if not running.done():
            self.state = f"timed out after {self._seconds:g} s"
        else:
            self.state = "failed" if running.cancelled() or running.exception() else "complete"
        _log.info("warm", warming=self.state, entries=self.report.by_cache())

    def _run(self) -> asyncio.Task[None]:
        if self._running is None or self._running.done():
            self._running = asyncio.get_running_loop().create_task(self._warm(), name="warming")
            self._running.add_done_callback(_log_failure)
        return self._running

    async def _warm(self) -> None:
        began = self._clock()
        self.report = WarmingReport()
        await self._joined()
        try:
            await self._warmer.warm(self.report)
        finally:
            self._events.on_warming_end(self._clock() - began)


def in_turns(rankings: Iterable[Sequence[T]], limit: int) -> list[T]:
    """At most `limit` of all: the first of every ranking, then the second of each, and so on."""
    columns = ([(one,) for one in ranking] for ranking in rankings)
    cells = chain.from_iterable(zip_longest(*columns, fillvalue=()))
    return list(islice(chain.from_iterable(cells), limit))


def _log_failure(task: asyncio.Task[None]) -> None:
    """An error in a warming is a fault of ours: it leaves the worker cold, and whoever reads the log should know."""
    if not task.cancelled() and (error := task.exception()) is not None:
        _log.error("warming_failed", exc_info=error)
