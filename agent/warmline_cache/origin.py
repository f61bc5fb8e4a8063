"""Asking an origin: within a time, whatever the loader does."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar

import structlog

from warmline_cache.blame import blame
from warmline_cache.errors import LoadAbandoned, LoadRefused, UpstreamUnavailable
from warmline_cache.events import CacheEvents

V = TypeVar("V")

Load = Callable[[], Awaitable[V | None]]

TIDYING_SECONDS = 0.1
"""What a loader that was cancelled may take to tidy up before those who wait are told without it."""
CLOSING_SECONDS = 1.0
"""What the end of a worker waits for loaders that would not be cancelled."""

_log = structlog.get_logger(__name__)


class OriginCalls(Generic[V]):
    """The origin of the cache `name`. `clock` is monotonic, in seconds."""

    def __init__(self, name: str, *, clock: Callable[[], float], events: CacheEvents) -> None:
        self._name = name
        self._clock = clock
        self._events = events
        self._left: set[asyncio.Task[Any]] = set()

    async def ask(self, load: Load[V], *, seconds: float, told: float) -> V | None:
        """What `load` brings within `seconds`; `told` is the time that a refusal names.

        Raises what it raises; UpstreamUnavailable for an OSError of its, and if it takes too long, whether or not it
        then lets itself be cancelled; LoadAbandoned if it cancelled itself.
        """
        began, failed, asked = self._clock(), True, True
        asking = asyncio.get_running_loop().create_task(_await_load(load), name=f"ask {self._name}")
        try:
            await asyncio.wait({asking}, timeout=seconds)
            if not asking.done():
                raise UpstreamUnavailable(self._name, f"no answer within {told:g} s")
            value = self._outcome(asking)
            failed = False
        except LoadRefused:
            asked = False
            raise
        finally:
            if asked:
                self._events.on_load(self._name, self._clock() - began, failed=failed)
            if not asking.done():
                await self._leave(asking)
        return value

    async def aclose(self) -> None:
        """Ask once more whoever would not be cancelled, and wait a while for them."""
        for task in self._left:
            task.cancel()
        if self._left:
            await asyncio.wait(self._left, timeout=CLOSING_SECONDS)
        if self._left:
            _log.warning("loads_do_not_end", cache=self._name, loads=len(self._left))

    def _outcome(self, asking: asyncio.Task[V | None]) -> V | None:
        if asking.cancelled():
            raise LoadAbandoned("the load gave itself up")
        with blame(self._name):
            return asking.result()

    async def _leave(self, asking: asyncio.Task[V | None]) -> None:
        """Cancel it. What it does later than those who wait are told is logged, if it is an error."""
        self._left.add(asking)
        asking.add_done_callback(self._on_end)
        asking.cancel()
        await asyncio.wait({asking}, timeout=TIDYING_SECONDS)

    def _on_end(self, asking: asyncio.Task[V | None]) -> None:
        self._left.discard(asking)
        if not asking.cancelled() and (error := asking.exception()) is not None:
            _log.warning("load_failed_after_its_end", cache=self._name, exc_info=error)


async def _await_load(load: Load[V]) -> V | None:
    return await load()
