"""Sessions in the Redis that does not evict: the owner's eight bytes, then the data."""

import asyncio
from collections.abc import Callable

from redis.exceptions import ResponseError

from warmline.session.store import OWNER_BYTES
from warmline_cache.errors import StoreRefused, StoreUnavailable
from warmline_cache.key import PROTOCOL
from warmline_cache.redis.budget import Budget
from warmline_cache.redis.link import Link, Push
from warmline_cache.redis.server import LuaScript, Server, expect

CLAIMED = f"wl{PROTOCOL}:session-claimed"
"""Where the owners are published that lost their session to another."""

LOOK_SECONDS = 1.0
"""How often the subscription is proved to be alive."""


_SAVE = LuaScript(f"""
local owner = redis.call('GETRANGE', KEYS[1], 0, {OWNER_BYTES - 1})
if owner ~= '' and owner ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1] .. ARGV[2], 'PX', ARGV[3])
return 1
""")
"""Session | owner, data, milliseconds → 1 if it was written."""

_CLAIM = LuaScript(f"""
local kept = redis.call('GET', KEYS[1])
if not kept then return false end
redis.call('SETRANGE', KEYS[1], 0, ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
redis.call('PUBLISH', ARGV[3], string.sub(kept, 1, {OWNER_BYTES}))
return kept
""")
"""Session | new owner, milliseconds, channel → what stood there, or nil."""

_FORGET = LuaScript(f"""
if redis.call('GETRANGE', KEYS[1], 0, {OWNER_BYTES - 1}) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
""")
"""Session | owner → 1 if it was deleted."""


class RedisSessions:
    """See `SessionStore`. `resume_seconds` is how long an unwritten session is kept, `deadline` what Redis
    may cost one call, in seconds; `link` makes the subscription's own connection."""

    def __init__(self, server: Server, link: Callable[..., Link], *, resume_seconds: float, deadline: float) -> None:
        self._server = server
        self._link = link
        self._milliseconds = int(resume_seconds * 1000)
        self._deadline = deadline

    async def save(self, key: str, owner: bytes, data: bytes) -> bool:
        """See `SessionStore.save`."""
        arguments = (owner, data, self._milliseconds)
        written = await self._server.ask(Budget(self._deadline), lambda link: _SAVE(link, [key], *arguments))
        if expect(written, int) not in {0, 1}:
            raise StoreRefused(f"answered {written} where 0 or 1 was to come")
        return bool(written)

    async def claim(self, key: str, owner: bytes) -> tuple[bytes, bytes] | None:
        """See `SessionStore.claim`."""
        arguments = (owner, self._milliseconds, CLAIMED)
        kept = await self._server.ask(Budget(self._deadline), lambda link: _CLAIM(link, [key], *arguments))
        if kept is None:
            return None
        kept = expect(kept, bytes)
        return kept[:OWNER_BYTES], kept[OWNER_BYTES:]

    async def forget(self, key: str, owner: bytes) -> None:
        """See `SessionStore.forget`."""
        await self._server.ask(Budget(self._deadline), lambda link: _FORGET(link, [key], owner))

    async def watch(self, claimed: Callable[[bytes], None]) -> None:
        """See `SessionStore.watch`."""

        def on_push(push: Push) -> None:
            if push[0] == b"message":
                claimed(push[2])

        link = self._link(greet=_subscribe, on_push=on_push)
        try:
            while True:
                try:
                    async with asyncio.timeout(LOOK_SECONDS):
                        await link.call("PING")
                except (StoreUnavailable, ResponseError, TimeoutError):
                    link.reset("the sessions' subscription is silent")
                await asyncio.sleep(LOOK_SECONDS)
        finally:
            await link.aclose()


async def _subscribe(link: Link) -> None:
    link.subscribe(CLAIMED)
    await link.send("PING")
