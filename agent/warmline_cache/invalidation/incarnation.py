"""Noticing that Redis is not the one it was.

After a restart or a failover the shared store may have forgotten tokens that were replaced a moment before, and so
believe old entries again. Every new connection asks for the server's run id and replication id, of which at least one
is new after each of these. Until the logged invalidations have been made again, L2 is not believed by caches that
need invalidation. A mark in the store itself spares the other workers the repetition.
"""

import asyncio
from collections.abc import Awaitable, Callable

from warmline_cache.errors import StoreRefused, StoreUnavailable
from warmline_cache.fence import Fence
from warmline_cache.key import PROTOCOL
from warmline_cache.redis.budget import Budget
from warmline_cache.redis.link import Link
from warmline_cache.redis.server import Server, expect

RETRY_SECONDS = 1.0
STEP_SECONDS = 1.0


class Incarnations:
    """Watches the connections to the shared store, and closes `fence` while its memory is in doubt.

    `on_leave` gives the connection up.
    """

    def __init__(self, fence: Fence, *, on_leave: Callable[[], None]) -> None:
        self.seen = ""
        """The server that was met last, by its run id and replication id; empty before the first."""
        self.changes = 0
        """How often another one was met than before."""
        self.refusal = ""
        """The server's own words, if it answered that its doubts cannot be dispelled."""
        self._fence = fence
        self._on_leave = on_leave
        self._doubt = asyncio.Event()
        self._believes_marks = True

    def on_invalidation(self, identity: str) -> None:
        """An invalidation was made on the server of this identity.

        If it is not the one that this worker looks at, one of the two was deposed. Which, nobody can know here: the
        connection is left, and whichever server comes next gets every invalidation again.
        """
        if identity != self.seen:
            self._fence.shared = False
            self._believes_marks = False
            self._doubt.set()
            self._on_leave()

    async def greet(self, link: Link) -> None:
        """To run on every new connection before anybody uses it. Raises StoreUnavailable, ResponseError."""
        now = await _identity(link)
        if now != self.seen:
            self.changes += self.seen != ""
            self._fence.shared = False
            self.seen = now
            self._doubt.set()  # before anything that may fail: somebody must come back to it
        if not self._fence.shared and self._believes_marks:
            self._fence.shared = bool(await link.send("EXISTS", _mark(now)))

    async def run(self, server: Server, replay: Callable[[], Awaitable[None]]) -> None:
        """Dispel each doubt by `replay`, until cancelled. The first is that nobody has seen the server yet."""
        while True:
            try:
                await self._dispel(server, replay)
            except StoreUnavailable as error:
                self.refusal = str(error) if isinstance(error, StoreRefused) else ""
                await asyncio.sleep(RETRY_SECONDS)
            else:
                self.refusal = ""
                await self._doubt.wait()

    async def _dispel(self, server: Server, replay: Callable[[], Awaitable[None]]) -> None:
        await server.ask(Budget(STEP_SECONDS), lambda link: link.call("PING"), insist=True)
        self._doubt.clear()
        if self._fence.shared:
            return
        seen = self.seen
        await replay()
        await server.ask(Budget(STEP_SECONDS), lambda link: link.call("SET", _mark(seen), "1"), insist=True)
        if seen == self.seen and not self._doubt.is_set():  # else somebody told us of another one while we repeated
            self._fence.shared = self._believes_marks = True


def _mark(identity: str) -> str:
    return f"wl{PROTOCOL}:replayed:{identity}"


async def _identity(link: Link) -> str:
    fields = {}
    for section in ("server", "replication"):
        for line in expect(await link.send("INFO", section), bytes).decode(errors="replace").splitlines():
            name, _, value = line.partition(":")
            fields[name] = value
    if not fields.keys() >= {"run_id", "master_replid"}:
        raise StoreRefused("INFO does not tell which server this is")
    return f"{fields['run_id']}:{fields['master_replid']}"
