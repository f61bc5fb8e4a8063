"""Logs when a worker's standing with Redis and the fleet changes: what metrics show, as events."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator

from warmline.background import Background
from warmline_cache.overview import Standing

PERIOD_SECONDS = 1.0

SKEW_SECONDS = 2.0
"""From here on a clock is said to be wrong: entries from so far ahead are not believed (`cache.shared`)."""

Say = Callable[..., object]
"""Takes an event and its fields, as a structlog logger's methods do."""


def changes(before: Standing, now: Standing) -> Iterator[tuple[str, dict[str, str]]]:
    """What became different, as events with fields. Pure."""
    yield from _of_redis(before, now)
    if now.changes > before.changes:
        yield "redis_replaced", {"redis": "cache"}  # under the same name answers another server
    if before.lease > 0 >= now.lease:
        yield "invalidations_not_heard", {}  # until they are, this worker believes none of its memory
    if before.lease <= 0 < now.lease:
        yield "invalidations_heard", {}


def _of_redis(before: Standing, now: Standing) -> Iterator[tuple[str, dict[str, str]]]:
    """Of a server that answers not at all, with a refusal, or with another time of day."""
    for redis, breaker in now.breakers.items():
        if breaker.opened > before.breakers[redis].opened:
            yield "redis_left_alone", _fields(redis, why=breaker.why)
        if before.breakers[redis].open and not breaker.open:
            yield "redis_answers_again", {"redis": redis}
    for who, words in now.refusals.items():
        if words != before.refusals.get(who):
            yield "redis_refused", _fields(who, said=words)
    for redis, skew in now.skew.items():
        if abs(skew) > SKEW_SECONDS >= abs(before.skew.get(redis, 0.0)):
            yield "clocks_differ", _fields(redis, seconds_ahead=f"{skew:.1f}")


def _fields(redis: str, **more: str) -> dict[str, str]:
    return {"redis": redis, **{name: text for name, text in more.items() if text}}


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
