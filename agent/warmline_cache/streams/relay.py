"""A stream under way, for the listeners of other workers: a bounded, expiring Redis stream.

Entries are a beginning, chunks, and an end, or word that the rest is lost. Each bears the identity of its stream,
random and new for every load, and its place: the bytes before it. Redis may trim the entries or evict all of them at
any moment, and another load may begin under the same name; a reader who finds anything but the next entry of the
stream that he began has lost it, and waits for the whole value instead.

The name holds the generations of the key's groups under which the load claimed: whoever comes after an invalidation
looks for another name, and two loads of different generations do not meet. Workers that spoke another format used
other names, and find nothing here.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Any, NamedTuple, Protocol

import msgspec
from redis.exceptions import ResponseError

from warmline_cache.errors import StoreRefused, StoreUnavailable
from warmline_cache.redis.budget import Budget
from warmline_cache.redis.link import Link
from warmline_cache.redis.server import LuaScript, Server, expect
from warmline_cache.store.codec import TOKEN_BYTES, Bytes
from warmline_cache.streams.broadcast import StreamEnd, StreamLost

LENGTH = 1024
"""Entries that a stream keeps; with chunks of a tenth of a second that is a hundred seconds of speech."""
SECONDS = 15
"""How long after its last entry a stream is there, and how long a reader waits for the next."""
_BEGIN, _CHUNK, _END, _LOST = b"b", b"c", b"e", b"l"
_PLACE_BYTES = 8

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

Tokens = Sequence[bytes | None]


class Outgoing(Protocol):
    """A stream that is being sent. Every method raises StoreUnavailable; then nothing more is to be sent."""

    async def send(self, chunk: bytes) -> None:
        """The next chunk."""

    async def end(self, how: StreamEnd = StreamEnd.COMPLETE) -> None:
        """It is complete, or lost."""


class Relay(Protocol):
    """Streams under way by key."""

    async def begin(self, key: str, tokens: Tokens) -> Outgoing:
        """A new stream, of these generations of the key's groups; what an earlier load of them left is gone.

        Raises StoreUnavailable.
        """

    def follow(self, key: str, groups: Sequence[str]) -> AsyncGenerator[bytes, None]:
        """Every chunk of the stream of the groups' generations as it comes, until its end. Raises StreamLost."""


class RedisRelay:
    """See `Relay`. `link` makes a connection of its own for a reader, of whom there are at most `readers`; `random`
    makes identities; `deadline` bounds what is sent, in seconds."""

    def __init__(
        self, server: Server, link: Callable[[], Link], *, deadline: float, random: Bytes, readers: int = 16
    ) -> None:
        self._server = server
        self._link = link
        self._deadline = deadline
        self._random = random
        self._readers = asyncio.Semaphore(readers)

    async def begin(self, key: str, tokens: Tokens) -> Outgoing:
        """See `Relay.begin`."""
        outgoing = _RedisOutgoing(self._server, _name(key, tokens), self._random(TOKEN_BYTES), self._deadline)
        await outgoing.begin()
        return outgoing

    async def follow(self, key: str, groups: Sequence[str]) -> AsyncGenerator[bytes, None]:
        """See `Relay.follow`."""
        if self._readers.locked():
            raise StreamLost
        async with self._readers:
            link = self._link()
            try:
                async for chunk in _chunks(link, _name(key, await self._tokens(groups))):
                    yield chunk
            except (StoreUnavailable, ResponseError, TimeoutError):
                raise StreamLost from None
            finally:
                await link.aclose()

    async def _tokens(self, groups: Sequence[str]) -> Tokens:
        """The groups' generations now. Raises StoreUnavailable."""
        if not groups:
            return ()
        budget = Budget(self._deadline)
        return expect(await self._server.ask(budget, lambda link: link.call("MGET", *groups)), list)


class _RedisOutgoing:
    """See `Outgoing`."""

    def __init__(self, server: Server, name: str, identity: bytes, deadline: float) -> None:
        self._server = server
        self._name = name
        self._identity = identity
        self._deadline = deadline
        self._sent = 0

    async def begin(self) -> None:
        """Take the name."""
        await self._add(_BEGIN)

    async def send(self, chunk: bytes) -> None:
        """See `Outgoing.send`."""
        await self._add(_CHUNK, chunk)
        self._sent += len(chunk)

    async def end(self, how: StreamEnd = StreamEnd.COMPLETE) -> None:
        """See `Outgoing.end`."""
        await self._add(_END if how is StreamEnd.COMPLETE else _LOST)

    async def _add(self, kind: bytes, chunk: bytes = b"") -> None:
        place = self._identity + self._sent.to_bytes(_PLACE_BYTES, "big")
        arguments = (kind, chunk, place, TOKEN_BYTES, LENGTH, SECONDS * 1000)
        written = await self._server.ask(Budget(self._deadline), lambda link: RELAY(link, [self._name], *arguments))
        if written != 1:
            raise StoreRefused("another load speaks under the same name")


class StreamEntry(NamedTuple):
    """One entry of a stream, after its id: what it is, its bytes, and its place."""

    kind: bytes
    chunk: bytes
    at: bytes
    place: bytes


async def _chunks(link: Link, name: str) -> AsyncGenerator[bytes, None]:
    last, identity, heard = b"0", b"", 0
    while True:
        async with asyncio.timeout(SECONDS + 1):
            found = await link.call("XREAD", "BLOCK", SECONDS * 1000, "COUNT", 64, "STREAMS", name, last)
        if not found:
            raise StreamLost
        entries = _entries(found)
        last = entries[-1][0]
        for _, entry in entries:
            kinds = (_CHUNK, _END) if identity else (_BEGIN,)
            identity = identity or entry.place[:TOKEN_BYTES]
            if entry.kind not in kinds or entry.place != identity + heard.to_bytes(_PLACE_BYTES, "big"):
                raise StreamLost
            heard += len(entry.chunk)
            if entry.kind == _END:
                return
            if entry.kind == _CHUNK:
                yield entry.chunk


def _entries(reply: Any) -> list[tuple[bytes, StreamEntry]]:
    """Of the one stream that was asked for. Raises StoreRefused for what is no answer to XREAD, or another format."""
    try:
        (entries,) = msgspec.convert(list(expect(reply, dict).values()), tuple[list[tuple[bytes, StreamEntry]]])
    except msgspec.ValidationError as error:
        raise StoreRefused("answered no stream") from error
    if not entries:
        raise StoreRefused("answered an empty stream")
    return entries


def _name(key: str, tokens: Tokens) -> str:
    """Raises StoreRefused if a group has no generation now."""
    generations = [token for token in tokens if token is not None]
    if len(generations) < len(tokens):
        raise StoreRefused("a group's generation is not there")
    return f"{key}:live:{b''.join(generations).hex()}"
