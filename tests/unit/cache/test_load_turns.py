"""Who may ask an origin while nobody leads."""

import asyncio
import contextlib
import itertools
from collections import Counter

import pytest

from warmline_cache.flight import Flight
from warmline_cache.turns import LoadTurns

pytestmark = pytest.mark.virtual_time


async def test_an_organisation_that_keeps_asking_does_not_come_last_for_it() -> None:
    turns, served, numbers = LoadTurns(4), Counter[str](), itertools.count()
    clock = asyncio.get_running_loop().time

    async def load(organisation: str) -> None:
        flight = Flight[None](f"wl2:{{{organisation}}}:rag:{next(numbers)}", ())
        with contextlib.suppress(TimeoutError):
            async with turns.turn(flight, 2.7):
                await asyncio.sleep(0.3)
            served[organisation] += 1

    async def ask_again(organisation: str) -> None:
        while clock() < 60:
            await load(organisation)

    async def crowd(organisation: str) -> None:
        async with asyncio.TaskGroup() as tasks:
            while clock() < 60:
                tasks.create_task(load(organisation))
                await asyncio.sleep(0.05)

    await asyncio.gather(crowd("busy"), *(ask_again(f"other-{number}") for number in range(8)))
    assert served["busy"] >= min(served.values()) > 0.8 * max(served.values())
