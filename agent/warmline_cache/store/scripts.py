"""What Redis does in one step. Each script touches only the keys it is handed.

A *slot* is where an entry or a vacancy stands, a *token* is the current generation of a group; both may be evicted
at any moment, between two scripts, and never within one.
"""

from warmline_cache.redis.server import LuaScript
from warmline_cache.store.codec import STAMP_BYTES

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

RENEW_MEMBER = LuaScript("""
if redis.call('HGET', KEYS[1], ARGV[1]) ~= 'live' then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], 'live')
return 1
""")
"""Members | member → 1 if its channel lease may be renewed. It writes, so that a master that lost its replicas
(`min-replicas-to-write`) refuses: another may have been promoted."""

GIVE_UP = LuaScript("""
for i = 1, #ARGV, 2 do
  if redis.call('HGET', KEYS[1], ARGV[i]) == ARGV[i + 1] then
    if ARGV[i + 1] == 'live' then
      redis.call('HSET', KEYS[1], ARGV[i], 'fenced')
    else
      redis.call('HDEL', KEYS[1], ARGV[i])
    end
  end
end
return 1
""")
"""Members | member, its state when the invalidation began… A live member that kept silent is fenced: it gets no
renewal. One that was fenced already cannot hold a lease any more and is removed."""

RELAY = LuaScript("""
if ARGV[1] == 'b' then
  redis.call('DEL', KEYS[1])
else
  local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
  if last and string.sub(last[2][4] or '', 1, ARGV[4]) ~= string.sub(ARGV[3], 1, ARGV[4]) then return 0 end
end
redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[5], '*', ARGV[1], ARGV[2], 'at', ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[6])
return 1
""")
"""Stream | kind, chunk, its stream's identity and its place, bytes of the identity, entries kept, milliseconds → 1 if
it was written. A beginning clears what an earlier load left; after that the earlier one writes nothing more here."""
