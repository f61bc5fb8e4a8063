"""Limits hold for the fleet: once a second each worker tells the others what its callers have used.

One round trip, behind the requests and never in them: add to today's hash in the Redis that must not evict, and read
it whole. While that Redis is away each worker counts for itself and tells later. A reply that is lost makes it tell the
same twice, so that a limit may be reached early, never late.
"""

import asyncio
import datetime
from collections import defaultdict
from collections.abc import Mapping

from warmline.accounts.accounts import Accounts, Use
from warmline.background import Background
from warmline_cache.errors import StoreRefused, StoreUnavailable
from warmline_cache.key import PROTOCOL
from warmline_cache.redis.budget import Budget
from warmline_cache.redis.server import LuaScript, Server, expect

EVERY_SECONDS = 1.0
KEPT_SECONDS = 2 * 86_400

USE = LuaScript("""
for i = 2, #ARGV, 2 do redis.call('HINCRBY', KEYS[1], ARGV[i], ARGV[i + 1]) end
redis.call('EXPIRE', KEYS[1], ARGV[1])
return redis.call('HGETALL', KEYS[1])
""")
"""Day | seconds kept, field, amount… → all fields. Adds, and says what the day has come to."""


class Usage(Background):
    """Keeps the accounts of this worker and of the others together."""

    def __init__(self, accounts: Accounts, state: Server) -> None:
        super().__init__(self._run, name="usage")
        self._accounts = accounts
        self._state = state

    async def aclose(self) -> None:
        """End, and tell what is left, if it has begun and somebody listens."""
        await super().aclose()
        if self.started:
            await self.exchange()

    async def exchange(self) -> None:
        """Tell and be told, once."""
        day, used = self._accounts.send()
        try:
            fleet = await self._tell(day, used)
        except StoreUnavailable:
            self._accounts.take_back(day)
        except asyncio.CancelledError:
            self._accounts.take_back(day)
            raise
        else:
            self._accounts.take_totals(day, fleet)

    async def _run(self) -> None:
        while True:
            await self.exchange()
            await asyncio.sleep(EVERY_SECONDS)

    async def _tell(self, day: int, used: Mapping[str, Use]) -> dict[str, Use]:
        date = datetime.datetime.fromtimestamp(day * 86_400, datetime.UTC).date().isoformat()
        key = f"wl{PROTOCOL}:usage:{date}"
        arguments: list[str | int] = [KEPT_SECONDS]
        for name, use in used.items():
            arguments += [f"{name}:requests", use.requests, f"{name}:spent", use.spent]
        found = await self._state.ask(Budget(EVERY_SECONDS), lambda link: USE(link, [key], *arguments))
        return _read(expect(found, list))


def _read(flat: list[bytes]) -> dict[str, Use]:
    """Fields that this version does not know are another's. Raises StoreRefused for what is no usage."""
    fleet: defaultdict[str, Use] = defaultdict(Use)
    try:
        for name, amount in zip(flat[::2], flat[1::2], strict=True):
            organisation, _, what = name.decode().rpartition(":")
            if what in Use.__slots__:
                setattr(fleet[organisation], what, int(amount))
    except (AttributeError, TypeError, ValueError) as error:
        raise StoreRefused("answered what is no usage") from error
    return fleet
