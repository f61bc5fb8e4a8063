"""Waiting, in a coroutine, for a condition with a deadline."""

import asyncio
from collections.abc import Callable


async def until(condition: Callable[[], object], *, seconds: float, what: str) -> None:
    """Return when `condition` is true; fails, naming `what`, if it is not within `seconds`."""
    async with asyncio.timeout(seconds) as bound:
        while not condition():
            try:
                await asyncio.sleep(0.01)
            except asyncio.CancelledError:
                if bound.expired():
                    raise AssertionError(f"waited {seconds} s in vain for {what}") from None
                raise
