"""A stream under way, for the listeners of other workers: a bounded, expiring Redis stream.

Entries are a beginning, chunks, and an end. A reader that finds no beginning (trimmed), another beginning (a new load
took over), or silence (expired, Redis away) has lost it, and waits for the whole value instead.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Any, Protocol

import msgspec
from redis.exceptions import ResponseError

from warmline.cache.broadcast import StreamLost
from warmline.cache.link import Link
from warmline.cache.scripts import RELAY
from warmline.cache.server import Budget, Server, expect
from warmline.errors import StoreRefused, StoreUnavailable

LENGTH = 1024
"""Entries that a stream keeps; with chunks of a tenth of a second that is a hundred seconds of speech."""
SECONDS = 15
"""How long after its last entry a stream is there."""
_BEGIN, _CHUNK, _END = b"b", b"c", b"e"


class Relay(Protocol):
    """Streams under way by key. What writes raises StoreUnavailable."""

    async def begin(self, key: str, groups: Sequence[str]) -> None:
        """A new stream, of these groups' generations; what an earlier load left is gone."""

    async def send(self, key: str, chunk: bytes) -> None:
        """The next chunk."""

    async def end(self, key: str) -> None:
        """It is complete."""

    def follow(self, key: str, groups: Sequence[str]) -> AsyncGenerator[bytes, None]:
        """Every chunk of the stream as it comes, until its end. Raises StreamLost, also if it began before one of the
        groups was invalidated."""


class RedisRelay:
    """See `Relay`. `link` makes a connection of its own for a reader, of whom there are at most `readers`."""

    def __init__(self, server: Server, link: Callable[[], Link], *, deadline: float, readers: int = 16) -> None:
        self._server = server
        self._link = link
        self._deadline = deadline
        self._readers = asyncio.Semaphore(readers)

    async def begin(self, key: str, groups: Sequence[str]) -> None:
        """See `Relay.begin`."""
        await self._add(key, _BEGIN, groups=groups)

    async def send(self, key: str, chunk: bytes) -> None:
        """See `Relay.send`."""
        await self._add(key, _CHUNK, chunk)

    async def end(self, key: str) -> None:
        """See `Relay.end`."""
        await self._add(key, _END)

    async def follow(self, key: str, groups: Sequence[str]) -> AsyncGenerator[bytes, None]:
        """See `Relay.follow`."""
        if self._readers.locked():
            raise StreamLost
        async with self._readers:
            link = self._link()
            try:
                async for chunk in _chunks(link, _name(key), await self._tokens(groups)):
                    yield chunk
            except (StoreUnavailable, ResponseError):
                raise StreamLost from None
            finally:
                await link.aclose()

    async def _tokens(self, groups: Sequence[str]) -> bytes:
        """What a stream that begins now would begin with. Raises StoreUnavailable, StreamLost."""
        if not groups:
            return b""
        budget = Budget(self._deadline)
        found = expect(await self._server.ask(budget, lambda link: link.call("MGET", *groups)), list)
        if not all(isinstance(token, bytes) for token in found):
            raise StreamLost
        return b"".join(found)

    async def _add(self, key: str, kind: bytes, chunk: bytes = b"", *, groups: Sequence[str] = ()) -> None:
        arguments = (kind, chunk, LENGTH, SECONDS * 1000)
        await self._server.ask(Budget(self._deadline), lambda link: RELAY(link, [_name(key), *groups], *arguments))


async def _chunks(link: Link, name: str, tokens: bytes) -> AsyncGenerator[bytes, None]:
    last, begun = b"0", False
    while True:
        found = await link.call("XREAD", "BLOCK", SECONDS * 1000, "COUNT", 64, "STREAMS", name, last)
        if not found:
            raise StreamLost
        entries = _entries(found)
        last = entries[-1][0]
        for _, (kind, chunk) in entries:
            if (kind == _BEGIN) == begun or (kind == _BEGIN and chunk != tokens):
                raise StreamLost
            begun = True
            if kind == _END:
                return
            if kind == _CHUNK:
                yield chunk


def _entries(reply: Any) -> list[Any]:
    """Of the one stream that was asked for. Raises StoreRefused for what is no answer to XREAD."""
    try:
        (entries,) = msgspec.convert(list(expect(reply, dict).values()), tuple[list[tuple[bytes, tuple[bytes, bytes]]]])
    except msgspec.ValidationError as error:
        raise StoreRefused("answered no stream") from error
    if not entries:
        raise StoreRefused("answered an empty stream")
    return entries


def _name(key: str) -> str:
    return f"{key}:live"
