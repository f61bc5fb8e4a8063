"""Says in the log when a worker's standing with Redis and the fleet changes: what metrics show, in words."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator

from warmline.background import Background
from warmline.cache.overview import Standing

PERIOD_SECONDS = 1.0

Say = Callable[..., object]
"""Takes an event and its fields, as a structlog logger's methods do."""


def changes(before: Standing, now: Standing) -> Iterator[tuple[str, dict[str, str]]]:
    """What became different, as events with fields. Pure."""
    for redis, breaker in now.breakers.items():
        if breaker.opened > before.breakers[redis].opened:
            yield "redis does not answer, and is left alone", {"redis": redis}
        if before.breakers[redis].open and not breaker.open:
            yield "redis answers again", {"redis": redis}
    if now.changes > before.changes:
        yield "another redis answers under the same name", {"redis": "cache"}
    if before.lease > 0 >= now.lease:
        yield "invalidations are not heard, so memory is not believed", {}
    if before.lease <= 0 < now.lease:
        yield "invalidations are heard", {}


class Watch(Background):
    """Every second, knocks where nobody answered, then looks, and says what `changes` finds. `knock` must not raise."""

    def __init__(self, standing: Callable[[], Standing], knock: Callable[[], Awaitable[None]], say: Say) -> None:
        super().__init__(self._watch, name="standing")
        self._standing = standing
        self._knock = knock
        self._say = say

    async def _watch(self) -> None:
        before = self._standing()
        while True:
            await asyncio.sleep(PERIOD_SECONDS)
            await self._knock()
            now = self._standing()
            for event, fields in changes(before, now):
                self._say(event, **fields)
            before = now
