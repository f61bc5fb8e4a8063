"""How late the event loop is: whatever holds it up holds up every caller of this worker."""

import asyncio
import contextlib
from collections.abc import Callable

PERIOD_SECONDS = 0.25


class Lag:
    """Tells `late` four times a second by how many seconds the loop woke it too late."""

    def __init__(self, late: Callable[[float], None]) -> None:
        self._late = late
        self._watching: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to watch the running loop."""
        self._watching = asyncio.get_running_loop().create_task(self._watch(), name="event loop lag")

    async def aclose(self) -> None:
        """End it."""
        if self._watching is not None:
            self._watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watching

    async def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + PERIOD_SECONDS
            await asyncio.sleep(PERIOD_SECONDS)
            self._late(max(0.0, loop.time() - due))
