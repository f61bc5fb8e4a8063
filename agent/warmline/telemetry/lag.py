"""How late the event loop is: whatever holds it up holds up every caller of this worker."""

import asyncio
from collections.abc import Callable

from warmline.background import Background

PERIOD_SECONDS = 0.25


class Lag(Background):
    """Tells `late` four times a second by how many seconds the loop woke it too late."""

    def __init__(self, late: Callable[[float], None]) -> None:
        super().__init__(self._watch, name="event loop lag")
        self._late = late

    async def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + PERIOD_SECONDS
            await asyncio.sleep(PERIOD_SECONDS)
            self._late(max(0.0, loop.time() - due))
