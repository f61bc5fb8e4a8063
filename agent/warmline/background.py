"""Something that goes on beside everything else."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine


class Background:
    """`work` as a task from `start` to `aclose`."""

    def __init__(self, work: Callable[[], Coroutine[None, None, None]], *, name: str) -> None:
        self._work = work
        self._name = name
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin, on the running loop."""
        self._task = asyncio.get_running_loop().create_task(self._work(), name=self._name)

    async def aclose(self) -> None:
        """End it."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
