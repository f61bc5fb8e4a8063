"""A worker that joins a busy fleet is as warm as its neighbours within a minute.

Questions follow a Zipf law, callers an exponential one, from a seed; callers of every worker ask on their own. Each
worker remembers 500 answers and 100 phrases. What is counted is how many lookups L1 answered.
"""

import asyncio
import random
from collections import Counter
from itertools import accumulate

import pytest

from tests.support.worker.warm import Fleet, Member

pytestmark = pytest.mark.virtual_time

QUESTIONS = [f"what about number {number}" for number in range(1000)]
WEIGHTS = list(accumulate(1 / rank for rank in range(1, len(QUESTIONS) + 1)))
SECONDS_BETWEEN_CALLERS = 0.25
NEIGHBOURS = 4


class Callers:
    """They ask one worker until they are told to stop; `layers` counts who answered."""

    def __init__(self, member: Member, dice: random.Random) -> None:
        self.layers: Counter[tuple[str, str]] = Counter()
        self._member = member
        self._dice = dice
        self._task = asyncio.create_task(self._call())

    async def _call(self) -> None:
        async with asyncio.TaskGroup() as group:
            while True:
                await asyncio.sleep(self._dice.expovariate(1 / SECONDS_BETWEEN_CALLERS))
                [question] = self._dice.choices(QUESTIONS, cum_weights=WEIGHTS)
                group.create_task(self._ask(question))

    async def _ask(self, question: str) -> None:
        self.layers.update((await self._member.heard("sahyadri", "reception", question)).items())

    async def stop(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


def hits(caches: str, *callers: Callers) -> float:
    """The share of lookups of one cache that L1 answered."""
    counts = sum((each.layers for each in callers), Counter())
    asked = sum(count for (cache, _), count in counts.items() if cache == caches)
    return counts[caches, "l1"] / asked


async def test_a_newcomer_reaches_nine_tenths_of_its_neighbours_hit_ratio_within_a_minute() -> None:
    fleet, dice = Fleet(minimum=5), random.Random(20)
    fleet.app.add("sahyadri", "reception")
    callers = [Callers(fleet.member(limit=0), dice) for _ in range(NEIGHBOURS)]
    await asyncio.sleep(15 * 60)
    spent = fleet.app.calls.total() + len(fleet.voices.spoken)
    warm, cold = fleet.member(), fleet.member(limit=0)
    await fleet.ready(warm)
    assert warm.warming.state == "complete"
    assert fleet.app.calls.total() + len(fleet.voices.spoken) - spent <= 200
    newcomers = [Callers(warm, dice), Callers(cold, dice)]
    for each in callers:
        each.layers.clear()
    await asyncio.sleep(60)
    for each in (*callers, *newcomers):
        await each.stop()
    for cache in ("rag", "tts"):
        assert hits(cache, newcomers[0]) >= 0.9 * hits(cache, *callers), cache
    assert hits("rag", newcomers[1]) < 0.9 * hits("rag", *callers), "so it is the warming that does it"
    await fleet.aclose()
