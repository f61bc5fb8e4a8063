"""One row measured: a fleet started, asserted, played to, deployed to and updated in the middle, and read out."""

import asyncio
import os
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import uvloop

from tests.measure.evidence.fleet import Fleet, fleet
from tests.measure.evidence.record import Change, Run
from tests.measure.evidence.replay import Event, Replay
from tests.measure.evidence.setups import Setup
from tests.measure.evidence.steps import Step
from warmline_studies.traces import Kind


def measure(
    setup: Setup,
    steps: Sequence[Step],
    *,
    seconds: float,
    workers: int,
    numbers: Mapping[str, str],
    done: Callable[[], None],
) -> Run:
    """A run of `seconds`; `done` is told of every step. Raises RuntimeError, TimeoutError."""
    with (
        tempfile.TemporaryDirectory(prefix="warmline-evidence-") as folder,
        fleet(Path(folder), setup, steps, workers=workers if setup.many else 1, numbers=numbers) as started,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        started.assert_reached(steps)
        before = Counter(started.calls())
        replay = runner.run(_played(started, steps, _events(started, steps, seconds, workers, setup), seconds, done))
        return Run(
            seen=sorted(replay.seen, key=lambda one: one.at),
            changes=sorted(replay.changes, key=lambda one: one.at),
            workers=started.workers(),
            replaced=started.replaced,
            calls=dict(Counter(started.calls()) - before),
            redis_bytes=started.redis_bytes(),
            load=" ".join(f"{load:.1f}" for load in os.getloadavg()),
        )


async def _played(
    started: Fleet, steps: Sequence[Step], events: Sequence[Event], seconds: float, done: Callable[[], None]
) -> Replay:
    replay = Replay(started.url, done)
    try:
        async with asyncio.timeout(seconds * 2 + 60):
            await replay.play(steps, events)
    except ExceptionGroup as group:
        raise RuntimeError(f"the run broke off: {group.exceptions[0]}") from group
    return replay


def _events(started: Fleet, steps: Sequence[Step], seconds: float, workers: int, setup: Setup) -> list[Event]:
    """The deploy and the update, and whatever changes in the trace itself."""
    replaced = max(1, workers // 2) if setup.many else 1

    def deployed(began: float) -> None:
        started.deploy(replaced)

    def updated(organisation: str, agent: str = "") -> Callable[[float], Change]:
        return lambda began: started.update(organisation, agent, began)

    busiest = Counter(step.entry.organisation for step in steps).most_common(1)[0][0]
    own: list[Event] = [
        (step.at, updated(step.entry.organisation, step.entry.agent))
        for step in steps
        if step.entry.kind is Kind.INVALIDATE
    ]
    return [(seconds / 2, deployed), (seconds * 3 / 4, updated(busiest)), *own]
