"""One load per key in this process.

The load runs in a task of its own: cancelling whoever started it, or anyone who joined, leaves it running for the
others. A finished load is removed by identity, so that it can never take away its successor.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

V = TypeVar("V")


class Flights(Generic[V]):
    """The loads under way, by key."""

    def __init__(self) -> None:
        self._tasks: dict[str, asyncio.Task[V]] = {}

    def __len__(self) -> int:
        return len(self._tasks)

    async def join(self, key: str, load: Callable[[], Awaitable[V]]) -> V:
        """The result of the load under way for `key`, started with `load` if there is none. Its errors reach all."""
        task = self._tasks.get(key)
        if task is None:
            task = self._start(key, load)
        return await asyncio.shield(task)

    async def aclose(self) -> None:
        """Cancel what is still under way and wait for it."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _start(self, key: str, load: Callable[[], Awaitable[V]]) -> asyncio.Task[V]:
        async def run() -> V:
            return await load()

        task = asyncio.get_running_loop().create_task(run(), name=f"load {key}")
        self._tasks[key] = task
        task.add_done_callback(lambda done: self._finished(key, done))
        return task

    def _finished(self, key: str, task: asyncio.Task[V]) -> None:
        if self._tasks.get(key) is task:
            del self._tasks[key]
        if not task.cancelled():
            task.exception()  # every waiter may have left: fetched here, so that asyncio does not report it as lost
