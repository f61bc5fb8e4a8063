"""What goes on behind an answer."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import structlog

from warmline_cache.redis.budget import Budget

T = TypeVar("T")

_log = structlog.get_logger(__name__)


class Behind:
    """Work that ends by itself within a deadline of its own, so that whoever began it may leave it."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def run(self, work: Coroutine[Any, Any, T], *, name: str) -> asyncio.Task[T]:
        """Begin it. An error that it ends with is logged, for perhaps nobody is there to hear it."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._on_end)
        return task

    async def aclose(self) -> None:
        """Return when everything has ended, and what that began in turn."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    def _on_end(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("failed_behind_an_answer", what=task.get_name(), exc_info=error)


async def wait_within(budget: Budget, *tasks: asyncio.Task[Any]) -> None:
    """Wait for `tasks` until the budget is spent; they go on by themselves."""
    try:
        await budget.spend(asyncio.wait(tasks))
    except TimeoutError:
        return
