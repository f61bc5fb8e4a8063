"""One load per key in this process.

The load runs in a task of its own: cancelling whoever started it, or anyone who joined, leaves it running for the
others. A finished flight is removed by identity, so that it can never take away its successor. A *detached* flight is
left by nobody who is in it and joined by nobody any more: what it loads was overtaken by an invalidation. Whatever
else it holds of the fleet's it gives back then (`overtaken`), for those who come later do not wait for it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Generic, TypeVar

from warmline_cache.errors import LoadAbandoned

V = TypeVar("V")


class Flight(Generic[V]):
    """One load under way. `begun` once it has started to look at anything; `detached` when it was overtaken; `needed`
    when somebody waits for it whose turn it is (`turns.py`).

    `overtaken` is done at the next invalidation that overtakes it, the first or a later one; then another takes its
    place.
    """

    __slots__ = ("begun", "detached", "groups", "key", "needed", "overtaken", "task", "waiters")

    def __init__(self, key: str, groups: tuple[str, ...]) -> None:
        self.key = key
        self.groups = groups
        self.begun = False
        self.detached = False
        self.needed = False
        self.waiters = 0
        self.overtaken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.task: asyncio.Task[V]

    async def result(self) -> V:
        """What was loaded. The load's error reaches all; being cancelled here stays here.

        Raises LoadAbandoned if the load itself was cancelled.
        """
        self.waiters += 1
        try:
            return await asyncio.shield(self.task)
        except asyncio.CancelledError:
            me = asyncio.current_task()
            if self.task.cancelled() and not (me and me.cancelling()):
                raise LoadAbandoned("the load was cancelled") from None
            raise
        finally:
            self.waiters -= 1

    async def over(self) -> None:
        """Return when it has ended, however it did."""
        await asyncio.wait({self.task})


class Flights(Generic[V]):
    """The loads under way, by key."""

    def __init__(self) -> None:
        self._joinable: dict[str, Flight[V]] = {}
        self._all: set[Flight[V]] = set()

    def __len__(self) -> int:
        return len(self._all)

    def count_waiting(self) -> int:
        """How many wait for one of them."""
        return sum(flight.waiters for flight in self._all)

    def get(self, key: str) -> Flight[V] | None:
        """The flight to join for `key`, if there is one."""
        return self._joinable.get(key)

    def start(self, key: str, groups: tuple[str, ...], load: Callable[[Flight[V]], Awaitable[V]]) -> Flight[V]:
        """A new flight for `key`, which runs `load` from the next tick on."""
        flight: Flight[V] = Flight(key, groups)

        async def run() -> V:
            flight.begun = True
            return await load(flight)

        flight.task = asyncio.get_running_loop().create_task(run(), name=f"load {key}")
        self._joinable[key] = flight
        self._all.add(flight)
        flight.task.add_done_callback(lambda task: self._on_end(flight, task))
        return flight

    def detach(self, groups: Iterable[str], keys: Iterable[str]) -> None:
        """Nobody joins the flights of these groups and keys any more, and they keep nothing."""
        overtaken, gone = set(groups), set(keys)
        self._detach(f for f in self._all if f.key in gone or not overtaken.isdisjoint(f.groups))

    def detach_all(self) -> None:
        """The same for every flight."""
        self._detach(self._all)

    async def aclose(self) -> None:
        """Cancel what is still under way and wait for it."""
        tasks = [flight.task for flight in self._all]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _detach(self, flights: Iterable[Flight[V]]) -> None:
        for flight in flights:
            flight.detached = True
            flight.overtaken.set_result(None)
            flight.overtaken = flight.task.get_loop().create_future()
            if self._joinable.get(flight.key) is flight:
                del self._joinable[flight.key]

    def _on_end(self, flight: Flight[V], task: asyncio.Task[V]) -> None:
        self._all.discard(flight)
        if self._joinable.get(flight.key) is flight:
            del self._joinable[flight.key]
        if not task.cancelled():
            task.exception()  # every waiter may have left: fetched here, so that asyncio does not report it as lost
