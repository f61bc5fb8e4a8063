"""The port of `popular.py` on the Redis that does not evict.

    wl2:{organisation}:asked          digest → distinct askings of every question of late
    wl2:{organisation}:popular:<day>  agent and text → askings on that day of questions asked often enough

Both are sorted sets of bounded size, and end by themselves, the retention after their first question; for `asked` the
count of distinct askings then begins anew.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from warmline.warming.popular import Question, Ranked, merge
from warmline_cache.errors import StoreRefused
from warmline_cache.key import PROTOCOL, tag
from warmline_cache.redis.budget import Budget
from warmline_cache.redis.server import LuaScript, Server, expect

SECONDS = 1.0
"""What Redis may take: nobody waits for it."""

_PER_DAY = 86_400
_PIECE = 500


_NOTE = LuaScript("""
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local found = {}
for i = 3, #ARGV, 2 do
  local count = (redis.call('ZSCORE', KEYS[1], ARGV[i]) or 0) % 1024
  if ARGV[i + 1] == '1' then
    count = math.min(count + 1, 1023)
    redis.call('ZADD', KEYS[1], now * 1024 + count, ARGV[i])
  end
  found[#found + 1] = count
end
if redis.call('TTL', KEYS[1]) == -1 then redis.call('EXPIRE', KEYS[1], ARGV[1]) end
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -ARGV[2] - 1)
return found
""")
"""Sorted set | seconds it lasts, members it keeps, then member and 1 to count it… → how often each was counted.

A score is the millisecond of the latest asking, and behind it ten bits of count: exact in a double until the year 2248.
Whoever was not asked for longest goes first, so that a new question finds a place among old ones."""

_ADD = LuaScript("""
for i = 3, #ARGV, 2 do
  local more = tonumber(ARGV[i + 1])
  if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[2]) and not redis.call('ZSCORE', KEYS[1], ARGV[i]) then
    more = more + redis.call('ZPOPMIN', KEYS[1])[2]
  end
  redis.call('ZINCRBY', KEYS[1], more, ARGV[i])
end
if redis.call('TTL', KEYS[1]) == -1 then redis.call('EXPIRE', KEYS[1], ARGV[1]) end
return 1
""")
"""Sorted set | seconds it lasts, members it keeps, then member and how many more… → 1.

Whoever comes to a full set takes the place of the least, and its count along (Space-Saving: Metwally, Agrawal and El
Abbadi, 2005): what is asked often now rises, whatever was asked before."""


class RedisPopular:
    """See `PopularStore`. `days` is how long questions are kept, `bound` how many a day, of one organisation.

    Of an organisation with all its sets full Redis holds 2 MB, as measured with texts of 45 characters.
    """

    def __init__(self, server: Server, *, days: int, bound: int = 1000, asked_bound: int = 5000) -> None:
        self._server = server
        self._days = days
        self._bound = bound
        self._asked_bound = asked_bound

    async def distinct(self, organisation: str, digests: Sequence[bytes], *, new: Collection[bytes]) -> Sequence[int]:
        """See `PopularStore.distinct`."""
        members = [(digest, int(digest in new)) for digest in digests]
        found: list[int] = []
        for piece in self._pieces(self._asked_bound, members):
            counts = expect(await self._run(_NOTE, _name_set(organisation), piece), list)
            found += [expect(count, int) for count in counts]
        if len(found) != len(members):
            raise StoreRefused(f"answered {len(found)} counts for {len(members)} questions")
        return found

    async def add(self, organisation: str, counts: Mapping[Question, int], *, day: int) -> None:
        """See `PopularStore.add`."""
        members = [(_pack(question), count) for question, count in counts.items()]
        for piece in self._pieces(self._bound, members):
            await self._run(_ADD, _popular(organisation, day), piece)

    async def top(self, organisation: str, limit: int, *, day: int) -> Sequence[Ranked]:
        """See `PopularStore.top`."""
        return merge([await self._of_day(organisation, each, limit) for each in self._list_days(day)], limit)

    async def forget(self, organisation: str, *, day: int) -> None:
        """See `PopularStore.forget`."""
        keys = [_name_set(organisation), *(_popular(organisation, each) for each in self._list_days(day))]
        await self._server.ask(Budget(SECONDS), lambda link: link.call("UNLINK", *keys))

    def _list_days(self, day: int) -> Iterator[int]:
        """The latest first. A day's set may outlast the retention by the hours before its first question."""
        return iter(range(day, day - self._days - 1, -1))

    async def _of_day(self, organisation: str, day: int, limit: int) -> dict[Question, float]:
        command = ("ZREVRANGE", _popular(organisation, day), 0, limit - 1, "WITHSCORES")
        found = expect(await self._server.ask(Budget(SECONDS), lambda link: link.call(*command)), list)
        questions = ((_unpack(member), float(score)) for member, score in found)
        return {question: score for question, score in questions if question is not None}

    def _pieces(self, bound: int, members: Sequence[tuple[bytes, int]]) -> Iterator[list[bytes | int]]:
        """The scripts' arguments, so many members at a time that none holds Redis up."""
        for start in range(0, len(members), _PIECE):
            flat = [part for member in members[start : start + _PIECE] for part in member]
            yield [self._days * _PER_DAY, bound, *flat]

    async def _run(self, script: LuaScript, key: str, arguments: Sequence[bytes | int]) -> Any:
        return await self._server.ask(Budget(SECONDS), lambda link: script(link, [key], *arguments))


def _name_set(organisation: str) -> str:
    return f"wl{PROTOCOL}:{tag(organisation)}:asked"


def _popular(organisation: str, day: int) -> str:
    return f"wl{PROTOCOL}:{tag(organisation)}:popular:{day}"


def _pack(question: Question) -> bytes:
    return f"{question.agent}\0{question.text}".encode("utf-8", "surrogatepass")


def _unpack(member: bytes) -> Question | None:
    """None for what is not ours."""
    try:
        agent, _, text = member.decode("utf-8", "surrogatepass").partition("\0")
    except ValueError:
        return None
    return Question(agent, text)
