"""The ports on Redis: `RedisStore` on the one that evicts, `RedisLeases` on the one that does not.

A script is what Redis does in one step, and touches only the keys it is handed. A *slot* is where an entry or a
vacancy stands, a *token* is the current generation of a group; both may be evicted at any moment, between two scripts,
and never within one.
"""

from collections.abc import Sequence
from typing import Any

from warmline_cache.errors import StoreRefused
from warmline_cache.key import PROTOCOL, Key
from warmline_cache.redis.budget import Budget
from warmline_cache.redis.link import Link
from warmline_cache.redis.server import LuaScript, Server, expect
from warmline_cache.store.batch import Batcher
from warmline_cache.store.codec import STAMP_BYTES, TOKEN_BYTES, Bytes, vacancy
from warmline_cache.store.ports import StoredSlot

WAKE_CHANNEL = f"wl{PROTOCOL}:wake"
"""Where the messages of released leases are published."""

AT_ONCE = 500
"""Commands that are sent before the first reply is waited for: a round trip for so many, and no lookup is held up by
more."""

VACANCY_SECONDS = 120.0
"""How long a vacancy waits for its load. One that is gone by then costs nothing but the write."""

CLAIM = LuaScript("""
local found = redis.call('MGET', unpack(KEYS))
local made = false
if not found[1] then
  made = redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
end
for i = 2, #KEYS do
  if not found[i] then
    made = redis.call('SET', KEYS[i], ARGV[i + 1])
  end
end
if made then return redis.call('MGET', unpack(KEYS)) end
return found
""")
"""Slot, token… | vacancy, its milliseconds, new token… → what stands there now. What was missing is made anew, so that
nothing lost can ever be taken for unchanged; and read again, for a group that is named twice has one token."""

COMMIT = LuaScript(f"""
if redis.call('GETRANGE', KEYS[1], 0, {STAMP_BYTES - 1}) ~= ARGV[1] then return 0 end
if #KEYS > 1 then
  local tokens = redis.call('MGET', unpack(KEYS, 2))
  for i = 1, #KEYS - 1 do
    if tokens[i] ~= ARGV[i + 3] then return 0 end
  end
end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1
""")
"""Slot, token… | stamp as claimed, entry, its milliseconds, token as claimed… → 1 if it was written."""

ACQUIRE = LuaScript("""
if redis.call('RPUSH', KEYS[1], ARGV[1]) == 1 then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  return -1
end
if ARGV[3] == '1' then return redis.call('PTTL', KEYS[1]) end
return tonumber(ARGV[2])
""")
"""Lease | owner, milliseconds, exact → -1 if it is the owner's now, else the milliseconds that the holder's still
lasts at most, or `exact`ly, which costs a command. The lease is a list: its holder, then all who wait."""

RENEW = LuaScript("""
if redis.call('LINDEX', KEYS[1], 0) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
""")
"""Lease | owner, milliseconds → 1 if it still is the owner's."""

RELEASE = LuaScript("""
local first = redis.call('LRANGE', KEYS[1], 0, 1)
if first[1] ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
if first[2] then redis.call('PUBLISH', ARGV[2], ARGV[3]) end
return 1
""")
"""Lease | owner, channel, message → 1 if it was the owner's. The message is published only if somebody waits."""


class RedisStore:
    """The shared store of all workers, on the evicting Redis.

    `random` makes tokens and identities; `deadline` bounds a tick's reads, in seconds.
    """

    def __init__(self, server: Server, *, deadline: float, random: Bytes) -> None:
        self._server = server
        self._random = random
        self._batcher = Batcher(self._mget, deadline=deadline)

    async def read(self, key: Key, budget: Budget, *, weight: int) -> StoredSlot:
        """See `Store.read`. Reads of one loop tick travel together."""
        values = await self._batcher.get((key.text, *key.group_texts), budget, weight=weight)
        return StoredSlot(values[0], values[1:])

    async def claim(self, key: Key, budget: Budget) -> StoredSlot:
        """See `Store.claim`."""
        new = [self._random(TOKEN_BYTES) for _ in key.groups]
        arguments: tuple[bytes | int, ...] = (vacancy(self._random(TOKEN_BYTES)), _milliseconds(VACANCY_SECONDS), *new)
        keys = (key.text, *key.group_texts)
        found = await self._server.ask(budget, lambda link: CLAIM(link, keys, *arguments))
        if len(expect(found, list)) != len(keys):
            raise StoreRefused(f"answered {len(found)} values for {len(keys)} keys")
        data, *tokens = found
        return StoredSlot(data, tuple(tokens))

    async def commit(self, key: Key, claimed: StoredSlot, data: bytes, ttl: float, budget: Budget) -> bool:
        """See `Store.commit`."""
        tokens = [token for token in claimed.tokens if token is not None]
        if claimed.data is None or len(tokens) < len(claimed.tokens):
            return False
        arguments: tuple[bytes | int, ...] = (claimed.data[:STAMP_BYTES], data, _milliseconds(ttl), *tokens)
        keys = (key.text, *key.group_texts)
        written: int = await self._server.ask(budget, lambda link: COMMIT(link, keys, *arguments))
        return written == 1

    async def replace(self, groups: Sequence[str], keys: Sequence[str], budget: Budget) -> None:
        """See `Store.replace`."""

        token, milliseconds = self._random, _milliseconds(VACANCY_SECONDS)
        commands: list[tuple[Any, ...]] = [("SET", group, token(TOKEN_BYTES)) for group in groups]
        commands += [("SET", key, vacancy(token(TOKEN_BYTES)), "PX", milliseconds) for key in keys]

        async def work(link: Link) -> None:
            await link.call("PING")
            for start in range(0, len(commands), AT_ONCE):
                await link.call_all(commands[start : start + AT_ONCE])

        await self._server.ask(budget, work, insist=True)

    async def aclose(self) -> None:
        """Close every connection."""
        await self._server.aclose()
        await self._batcher.aclose()

    async def _mget(self, keys: Sequence[str], budget: Budget) -> list[bytes | None]:
        return expect(await self._server.ask(budget, lambda link: link.call("MGET", *keys)), list)


class RedisLeases:
    """See `LeaseStore`."""

    def __init__(self, server: Server) -> None:
        self._server = server

    async def acquire(self, key: str, owner: bytes, ttl: float, budget: Budget, *, exact: bool) -> float | None:
        """See `LeaseStore.acquire`."""
        arguments = (owner, _milliseconds(ttl), int(exact))
        left = expect(await self._server.ask(budget, lambda link: ACQUIRE(link, [_lease(key)], *arguments)), int)
        if not exact and left not in {-1, arguments[1]}:
            raise StoreRefused(f"answered {left} where -1 or {arguments[1]} was to come")
        return None if left == -1 else max(0, left) / 1000

    async def left(self, key: str, budget: Budget) -> float:
        """See `LeaseStore.left`."""
        left = expect(await self._server.ask(budget, lambda link: link.call("PTTL", _lease(key))), int)
        return max(0, left) / 1000

    async def renew(self, key: str, owner: bytes, ttl: float, budget: Budget) -> bool:
        """See `LeaseStore.renew`."""
        arguments = (owner, _milliseconds(ttl))
        held: int = await self._server.ask(budget, lambda link: RENEW(link, [_lease(key)], *arguments))
        return held == 1

    async def release(self, key: str, owner: bytes, message: bytes, budget: Budget) -> None:
        """See `LeaseStore.release`."""
        await self._server.ask(budget, lambda link: RELEASE(link, [_lease(key)], owner, WAKE_CHANNEL, message))


def _lease(key: str) -> str:
    """Where the lease of a key stands: beside it, under the same tag."""
    return f"{key}:lease"


def _milliseconds(seconds: float) -> int:
    return max(1, int(seconds * 1000))
