"""Runs one coroutine as a task until it is closed."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine


class Background:
    """Runs `work` as a task from `start` to `aclose`."""

    def __init__(self, work: Callable[[], Coroutine[None, None, None]], *, name: str) -> None:
        self._work = work
        self._name = name
        self._task: asyncio.Task[None] | None = None

    @property
    def started(self) -> bool:
        """Whether the work was ever begun."""
        return self._task is not None

    def start(self) -> None:
        """Begin the work, on the running loop."""
        self._task = asyncio.get_running_loop().create_task(self._work(), name=self._name)

    async def aclose(self) -> None:
        """Cancel the work and wait for its end; do nothing if it was never started. Raises what the work raised."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
