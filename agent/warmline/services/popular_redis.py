"""The port of `popular.py` on the Redis that does not evict.

    wl2:{organisation}:asked          digest → distinct askings of every question of late
    wl2:{organisation}:popular:<day>  agent and text → askings on that day of questions asked often enough

Both are sorted sets of bounded size: what exceeds it goes, least first. They end by themselves, the retention after
their first question; for `asked` the count of distinct askings then begins anew.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from hashlib import sha1

from warmline.cache.key import SCHEMA, tag
from warmline.cache.server import Budget, Script, Server, expect
from warmline.services.popular import Question, Ranked, merged

SECONDS = 1.0
"""What Redis may take: nobody waits for it."""

_PER_DAY = 86_400
_PIECE = 500

_SOURCE = """
local totals = {}
for i = 3, #ARGV, 2 do
  if ARGV[i + 1] == '0' then
    totals[#totals + 1] = tonumber(redis.call('ZSCORE', KEYS[1], ARGV[i]) or '0')
  else
    totals[#totals + 1] = tonumber(redis.call('ZINCRBY', KEYS[1], ARGV[i + 1], ARGV[i]))
  end
end
if redis.call('TTL', KEYS[1]) == -1 then redis.call('EXPIRE', KEYS[1], ARGV[1]) end
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -ARGV[2] - 1)
return totals
"""
_COUNT = Script(_SOURCE, sha1(_SOURCE.encode(), usedforsecurity=False).hexdigest())
"""Sorted set | seconds it lasts, members it keeps, then member and how many more… → how many there are now of each."""


class RedisPopular:
    """See `PopularStore`. `days` is how long questions are kept, `bound` how many a day, of one organisation."""

    def __init__(self, server: Server, *, days: int, bound: int = 2000, asked_bound: int = 20_000) -> None:
        self._server = server
        self._days = days
        self._bound = bound
        self._asked_bound = asked_bound

    async def distinct(self, organisation: str, digests: Sequence[bytes], *, new: Collection[bytes]) -> Sequence[int]:
        """See `PopularStore.distinct`."""
        noted = [(digest, int(digest in new)) for digest in digests]
        return await self._count(_asked(organisation), self._asked_bound, noted)

    async def add(self, organisation: str, counts: Mapping[Question, int], *, day: int) -> None:
        """See `PopularStore.add`."""
        members = [(_packed(question), count) for question, count in counts.items()]
        await self._count(_popular(organisation, day), self._bound, members)

    async def top(self, organisation: str, limit: int, *, day: int) -> Sequence[Ranked]:
        """See `PopularStore.top`."""
        return merged([await self._of_day(organisation, each, limit) for each in self._kept(day)], limit)

    async def forget(self, organisation: str, *, day: int) -> None:
        """See `PopularStore.forget`."""
        keys = [_asked(organisation), *(_popular(organisation, each) for each in self._kept(day))]
        await self._server.ask(Budget(SECONDS), lambda link: link.call("UNLINK", *keys))

    def _kept(self, day: int) -> Iterator[int]:
        """The latest first. A day's set may outlast the retention by the hours before its first question."""
        return iter(range(day, day - self._days - 1, -1))

    async def _of_day(self, organisation: str, day: int, limit: int) -> dict[Question, float]:
        command = ("ZREVRANGE", _popular(organisation, day), 0, limit - 1, "WITHSCORES")
        found = expect(await self._server.ask(Budget(SECONDS), lambda link: link.call(*command)), list)
        return {_unpacked(member): float(score) for member, score in found}

    async def _count(self, key: str, bound: int, members: Sequence[tuple[bytes, int]]) -> list[int]:
        totals: list[int] = []
        for start in range(0, len(members), _PIECE):
            flat = [part for member in members[start : start + _PIECE] for part in member]
            totals += await self._count_piece(key, bound, flat)
        return totals

    async def _count_piece(self, key: str, bound: int, flat: Sequence[bytes | int]) -> list[int]:
        arguments = (self._days * _PER_DAY, bound, *flat)
        return expect(await self._server.ask(Budget(SECONDS), lambda link: _COUNT(link, [key], *arguments)), list)


def _asked(organisation: str) -> str:
    return f"wl{SCHEMA}:{tag(organisation)}:asked"


def _popular(organisation: str, day: int) -> str:
    return f"wl{SCHEMA}:{tag(organisation)}:popular:{day}"


def _packed(question: Question) -> bytes:
    return f"{question.agent}\0{question.text}".encode("utf-8", "surrogatepass")


def _unpacked(member: bytes) -> Question:
    agent, _, text = member.decode("utf-8", "surrogatepass").partition("\0")
    return Question(agent, text)
