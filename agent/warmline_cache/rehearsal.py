"""What a worker asks of a Redis, done once on a key and a channel of nobody's, so that a refusal shows at once."""

import secrets

from warmline_cache.key import PROTOCOL
from warmline_cache.redis.link import Link
from warmline_cache.redis.server import LuaScript

SECONDS = 10

_WRITE = LuaScript("""
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
return redis.call('DEL', KEYS[1])
""")
"""Key | value, seconds → 1."""


async def rehearse(link: Link) -> None:
    """Read, write, run a script, publish. Raises StoreUnavailable, ResponseError: the first thing that is refused."""
    name = f"wl{PROTOCOL}:check:{secrets.token_hex(8)}"
    await link.call("INFO", "server")
    await link.call("MGET", name)
    await link.call("SET", name, b"", "EX", SECONDS)
    await _WRITE(link, [name], b"", SECONDS)
    await link.call("PUBLISH", name, b"")
    await link.call("XRANGE", name, "-", "+")
