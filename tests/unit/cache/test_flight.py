"""One load per key; who leaves hurts nobody."""

import asyncio

import pytest

from warmline.cache.flight import Flights


class Load:
    """A loader that waits until the test lets it finish."""

    def __init__(self, result: str | Exception = "loaded") -> None:
        self.started = 0
        self.gate = asyncio.Event()
        self._result = result

    async def __call__(self) -> str:
        self.started += 1
        await self.gate.wait()
        if isinstance(self._result, Exception):
            raise self._result
        return self._result


async def settle() -> None:
    """Let every task run until it waits."""
    for _ in range(5):
        await asyncio.sleep(0)


async def callers(flights: Flights[str], load: Load, count: int) -> list[asyncio.Task[str]]:
    tasks = [asyncio.create_task(flights.join("k", load)) for _ in range(count)]
    await settle()
    return tasks


async def test_a_hundred_callers_cost_one_load() -> None:
    flights: Flights[str] = Flights()
    load = Load()
    tasks = await callers(flights, load, 100)
    load.gate.set()
    assert await asyncio.gather(*tasks) == ["loaded"] * 100
    assert load.started == 1
    assert len(flights) == 0


@pytest.mark.parametrize("leaver", [0, 50, 99], ids=["the first", "one in the middle", "the last"])
async def test_a_caller_who_leaves_neither_ends_nor_restarts_the_load(leaver: int) -> None:
    flights: Flights[str] = Flights()
    load = Load()
    tasks = await callers(flights, load, 100)
    tasks[leaver].cancel()
    await settle()
    load.gate.set()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert load.started == 1
    assert [result for i, result in enumerate(results) if i != leaver] == ["loaded"] * 99
    assert isinstance(results[leaver], asyncio.CancelledError)


async def test_an_error_reaches_every_caller_and_is_not_remembered() -> None:
    flights: Flights[str] = Flights()
    load = Load(ValueError("no"))
    tasks = await callers(flights, load, 3)
    load.gate.set()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [str(result) for result in results] == ["no"] * 3
    again = Load()
    again.gate.set()
    assert await flights.join("k", again) == "loaded"


async def test_a_load_that_everybody_left_finishes_quietly() -> None:
    flights: Flights[str] = Flights()
    load = Load(ValueError("nobody hears this"))
    (task,) = await callers(flights, load, 1)
    task.cancel()
    load.gate.set()
    await settle()
    assert len(flights) == 0


async def test_closing_ends_what_is_under_way() -> None:
    flights: Flights[str] = Flights()
    tasks = await callers(flights, Load(), 2)
    await flights.aclose()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(result, asyncio.CancelledError) for result in results)
    assert len(flights) == 0
