"""`warmline invalidate`: for whoever changed data behind our back. Uses the worker's settings for Redis."""

import asyncio
import sys
from collections.abc import Sequence

from warmline.settings import Settings, read_secret
from warmline_cache import Caches, Group
from warmline_cache.errors import InvalidationFailed
from warmline_cache.events import Uncounted
from warmline_cache.invalidation.invalidation import InvalidationReport
from warmline_cache.redis.dial import dialler
from warmline_cache.worker import DIAL_SECONDS


def run(settings: Settings, wanted: Sequence[Group]) -> int:
    """Invalidate, and say how it went; the exit code: 0 nobody serves it any more, 1 that cannot be promised."""
    try:
        report = asyncio.run(_invalidate(settings, wanted))
    except InvalidationFailed as error:
        print(f"warmline: not invalidated: {error}. Nothing is half done: run it again.", file=sys.stderr)
        return 1
    print(f"Invalidated in {report.milliseconds:.0f} ms; acknowledged by {_names(report.acknowledged)}.")
    if report.waited_out:
        print(f"Silent, and waited for until they serve nothing old: {_names(report.waited_out)}.")
        print("Phrases and prompts, which are named by their version, they may keep until they are heard of again.")
    return 0


async def _invalidate(settings: Settings, wanted: Sequence[Group]) -> InvalidationReport:
    caches = Caches(
        dialler(
            settings.redis_cache.url, password=read_secret(settings.redis_cache.password_file), timeout=DIAL_SECONDS
        ),
        dialler(
            settings.redis_state.url, password=read_secret(settings.redis_state.password_file), timeout=DIAL_SECONDS
        ),
        name=f"{settings.slot}:command",
        events=Uncounted(),
        member=False,
    )
    try:
        return await caches.invalidate(*wanted)
    finally:
        await caches.aclose()


def _names(members: Sequence[str]) -> str:
    """The workers' names without what tells one life of a worker from the next."""
    return ", ".join(member.split("#")[0] for member in members) or "nobody: no worker is running"
