"""The account's limit of concurrent sockets, shared out among the workers by expiring leases in the `state` Redis.

One hash holds a lease for each worker: until when by Redis' clock, how many sockets, how many it would like. A worker
may have what it wants as long as others leave it free; when somebody lacks part of a fair share (the limit over the
living workers), those who have more than theirs give back at their next renewal. What a worker still has open stays
counted as its own until it is closed, so a newcomer gets only what is free, and the sum never passes the limit.

A worker that cannot reach Redis keeps its last share, and when its lease has expired others may take it: then the
provider is the one to refuse what is too much. Nothing is lost but warmth.
"""

from warmline.pool import SocketShare
from warmline_cache.errors import StoreRefused, StoreUnavailable
from warmline_cache.key import PROTOCOL
from warmline_cache.redis.budget import Budget
from warmline_cache.redis.server import LuaScript, Server, expect

LEASE_SECONDS = 15.0

RESERVE = LuaScript("""
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local want, held, limit, ttl = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local others, workers, taken = {}, 1, 0
local leases = redis.call('HGETALL', KEYS[1])
for i = 1, #leases, 2 do
  local ends, has, wants = string.match(leases[i + 1], '^(%d+) (%d+) (%d+)$')
  if not ends or tonumber(ends) <= now then
    redis.call('HDEL', KEYS[1], leases[i])
  elseif leases[i] ~= ARGV[1] then
    others[workers] = {tonumber(has), tonumber(wants)}
    workers, taken = workers + 1, taken + tonumber(has)
  end
end
local fair, lacking = math.floor(limit / workers), 0
for _, other in ipairs(others) do
  lacking = lacking + math.max(0, math.min(other[2], fair) - other[1])
end
local free = math.max(0, limit - taken)
local share = math.min(want, math.max(math.min(fair, free), free - lacking))
redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f %d %d', now + ttl, math.max(share, held), want))
redis.call('PEXPIRE', KEYS[1], ttl)
return {share, fair}
""")
"""Leases | worker, wanted, held, limit, milliseconds → what it may have, and what would be fair."""


class RedisBudget:
    """See `pool.SocketBudget`. `account` is how many sockets the account at `provider` may have open at once.

    `worker` names this life of this worker; `deadline` bounds a call, in seconds.
    """

    def __init__(self, server: Server, *, provider: str, worker: str, account: int, deadline: float) -> None:
        self._server = server
        self._key = f"wl{PROTOCOL}:sockets:{provider}"
        self._worker = worker
        self._account = account
        self._deadline = deadline

    async def reserve(self, *, want: int, held: int, seconds: float = LEASE_SECONDS) -> SocketShare:
        """See `SocketBudget.reserve`. It lasts for `seconds`."""
        arguments = (self._worker, want, held, self._account, max(1, int(seconds * 1000)))
        found = expect(
            await self._server.ask(Budget(self._deadline), lambda link: RESERVE(link, [self._key], *arguments)), list
        )
        if len(found) != 2:
            raise StoreRefused(f"answered {len(found)} values where 2 were to come")
        return SocketShare(*(expect(one, int) for one in found))

    async def release(self) -> None:
        """See `SocketBudget.release`."""
        try:
            await self._server.ask(Budget(self._deadline), lambda link: link.call("HDEL", self._key, self._worker))
        except StoreUnavailable:
            return  # it expires
