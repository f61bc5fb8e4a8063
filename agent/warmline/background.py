"""Lives of the worker's parts."""

import asyncio
import contextlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine
from typing import Self


class WorkerPart(ABC):
    """Begins on entry and ends on exit, as an async context manager."""

    @abstractmethod
    def start(self) -> None:
        """Begin, on the running loop. Returns at once."""

    @abstractmethod
    async def aclose(self) -> None:
        """End, whether or not it has begun."""

    async def __aenter__(self) -> Self:
        self.start()
        return self

    async def __aexit__(self, *failure: object) -> None:
        await self.aclose()


class Background(WorkerPart):
    """Runs one coroutine as a task until it is closed."""

    def __init__(self, work: Callable[[], Coroutine[None, None, None]], *, name: str) -> None:
        self._work = work
        self._name = name
        self._task: asyncio.Task[None] | None = None

    @property
    def started(self) -> bool:
        """Whether the work was ever begun."""
        return self._task is not None

    def start(self) -> None:
        """Run the coroutine from now on, on the running loop."""
        self._task = asyncio.get_running_loop().create_task(self._work(), name=self._name)

    async def aclose(self) -> None:
        """Cancel the task and wait for its end. Raises what the task raised."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
