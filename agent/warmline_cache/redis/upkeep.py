"""Keeping the link to a Redis up behind the scenes, so that no lookup has to dial.

A link that was lost is dialled again at once, one that nobody uses is proved alive, and each proof says by how much
this machine's clock differs from the server's.
"""

import asyncio
import contextlib
from collections.abc import Callable

from warmline_cache.errors import StoreRefused, StoreUnavailable
from warmline_cache.redis.budget import Budget
from warmline_cache.redis.link import Link
from warmline_cache.redis.server import Server

PROOF_SECONDS = 5.0
"""How often a link is proved alive."""
ANSWER_SECONDS = 1.0
"""What a proof may take: it waits behind whatever was sent before."""
RETRY_SECONDS = 0.1
LONGEST_RETRY_SECONDS = 1.0


class Upkeep:
    """Of one server. `lost` is set whenever its link breaks; `wall` is this machine's time of day, in seconds."""

    def __init__(self, server: Server, *, lost: asyncio.Event, wall: Callable[[], float]) -> None:
        self.skew: float | None = None
        """Seconds by which this machine's clock was ahead of the server's when they were last compared."""
        self.tried = asyncio.Event()
        """Set once the server was dialled, with whatever success."""
        self._server = server
        self._lost = lost
        self._wall = wall

    async def run(self) -> None:
        """Keep the link up until cancelled."""
        self._server.upkept = True
        pause = 0.0
        while True:
            self._lost.clear()
            up = await self._prove()
            self._server.met = True
            self.tried.set()
            lasted = await self._while_up() if up else 0.0
            pause = 0.0 if lasted >= RETRY_SECONDS else min(max(2 * pause, RETRY_SECONDS), LONGEST_RETRY_SECONDS)
            await asyncio.sleep(pause)

    async def _prove(self) -> bool:
        """Whether the link is up, dialled anew if it was not."""
        try:
            await self._server.ask(Budget(ANSWER_SECONDS), self._compare, insist=True)
        except (StoreRefused, TypeError, ValueError):  # an answer, if not the one that was asked for
            return self._server.link.ready
        except StoreUnavailable:
            return False
        return True

    async def _compare(self, link: Link) -> None:
        before = self._wall()
        seconds, microseconds = await link.call("TIME")
        self.skew = (before + self._wall()) / 2 - (int(seconds) + int(microseconds) / 1e6)

    async def _while_up(self) -> float:
        """Until the link is lost or is to be proved again; for how many seconds it was up."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PROOF_SECONDS):
                await self._lost.wait()
        return loop.time() - began
