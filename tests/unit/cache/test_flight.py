"""One load per key: who joins, who leaves, what an invalidation does to it."""

import asyncio

import pytest

from warmline_cache.errors import LoadAbandoned
from warmline_cache.flight import Flight, Flights


class Load:
    """A load that waits for the test and counts how often it was begun."""

    def __init__(self, outcome: str | Exception = "loaded") -> None:
        self.begun = 0
        self.gate = asyncio.Event()
        self._outcome = outcome

    async def __call__(self, flight: Flight[str]) -> str:
        self.begun += 1
        await self.gate.wait()
        if isinstance(self._outcome, Exception):
            raise self._outcome
        return self._outcome


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_all_who_join_get_the_one_result() -> None:
    flights: Flights[str] = Flights()
    load = Load()
    flight = flights.start("k", (), load)
    assert flights.get("k") is flight
    waiting = [asyncio.create_task(flight.result()) for _ in range(3)]
    await settle()
    assert flight.waiters == 3
    load.gate.set()
    assert await asyncio.gather(*waiting) == ["loaded"] * 3
    assert (load.begun, flight.waiters, len(flights)) == (1, 0, 0)


async def test_a_flight_has_not_begun_before_the_next_tick() -> None:
    flights: Flights[str] = Flights()
    load = Load()
    flight = flights.start("k", (), load)
    at_once = flight.begun
    await settle()
    assert (at_once, flight.begun) == (False, True)
    load.gate.set()
    await flight.over()


async def test_cancelling_one_who_waits_cancels_nobody_else() -> None:
    flights: Flights[str] = Flights()
    load = Load()
    flight = flights.start("k", (), load)
    first, second = (asyncio.create_task(flight.result()) for _ in range(2))
    await settle()
    first.cancel()
    load.gate.set()
    assert await second == "loaded"
    assert first.cancelled()


async def test_an_error_reaches_all_and_a_flight_that_everybody_left_ends_quietly() -> None:
    flights: Flights[str] = Flights()
    load = Load(ValueError("no"))
    flight = flights.start("k", (), load)
    waiting = [asyncio.create_task(flight.result()) for _ in range(3)]
    load.gate.set()
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert [str(result) for result in results] == ["no"] * 3
    unheard = Load(ValueError("nobody hears this"))
    flights.start("k", (), unheard)
    unheard.gate.set()
    await settle()
    assert len(flights) == 0


@pytest.mark.parametrize(("groups", "keys"), [(["g"], []), ([], ["k"])])
async def test_a_detached_flight_is_joined_by_nobody_new_and_still_answers_who_is_in_it(
    groups: list[str], keys: list[str]
) -> None:
    flights: Flights[str] = Flights()
    load = Load()
    flight = flights.start("k", ("g",), load)
    waiting = asyncio.create_task(flight.result())
    await settle()
    flights.detach(groups, keys)
    assert flights.get("k") is None
    assert flight.detached
    load.gate.set()
    assert await waiting == "loaded"


async def test_the_end_of_a_detached_flight_does_not_take_its_successor_away() -> None:
    flights: Flights[str] = Flights()
    old, new = Load("old"), Load("new")
    first = flights.start("k", ("g",), old)
    flights.detach(["g"], [])
    second = flights.start("k", ("g",), new)
    old.gate.set()
    await first.over()
    assert flights.get("k") is second
    new.gate.set()
    assert await second.result() == "new"


async def test_another_group_is_left_alone() -> None:
    flights: Flights[str] = Flights()
    load = Load()
    flight = flights.start("k", ("g",), load)
    flights.detach(["other"], ["other"])
    assert flights.get("k") is flight
    load.gate.set()
    await flight.over()


async def test_closing_ends_what_is_under_way_and_who_waits_is_told_so() -> None:
    flights: Flights[str] = Flights()
    flight = flights.start("k", (), Load())
    waiting = asyncio.create_task(flight.result())
    await settle()
    await flights.aclose()
    with pytest.raises(LoadAbandoned):
        await waiting
    assert len(flights) == 0
