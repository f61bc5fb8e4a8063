"""Phrases that two workers speak, over real Redis servers."""

import asyncio
from collections.abc import AsyncGenerator, Callable

from tests.integration.cache.conftest import Join
from tests.support.caches import KNOWLEDGE, AudioCodec, key
from tests.support.members import Member
from warmline.cache import Policy, Source, Streams


def streams_of(member: Member) -> Streams:
    policy = Policy(ttl=60, negative_ttl=5, jitter=0)
    return member.caches.streams(
        member.caches.cache("tts", AudioCodec(), policy, max_bytes=10**6, versioned=True), keep=10**6
    )


async def heard(streams: Streams, speak: Callable[[], AsyncGenerator[bytes, None]]) -> tuple[bytes, Source | None]:
    async with streams.get_or_stream(key(), speak) as listening:
        return b"".join([chunk async for chunk in listening]), listening.source


class Phrase:
    """Half of it is spoken; the rest when a test lets it."""

    def __init__(self, first: bytes, rest: bytes) -> None:
        self._halves = first, rest
        self.begun, self.goes_on = asyncio.Event(), asyncio.Event()

    async def speak(self) -> AsyncGenerator[bytes, None]:
        yield self._halves[0]
        self.begun.set()
        await self.goes_on.wait()
        yield self._halves[1]


async def new() -> AsyncGenerator[bytes, None]:
    yield b"new"


async def test_who_asks_elsewhere_while_a_phrase_is_spoken_hears_it_along(join: Join) -> None:
    one, other = streams_of(await join()), streams_of(await join())
    phrase = Phrase(b"one ", b"phrase")

    leading = asyncio.create_task(heard(one, phrase.speak))
    await phrase.begun.wait()
    async with other.get_or_stream(key(), new) as listening:
        chunks = aiter(listening)
        assert await anext(chunks) == b"one "
        phrase.goes_on.set()
        assert [chunk async for chunk in chunks] == [b"phrase"]
    assert await leading == (b"one phrase", Source.ORIGIN)


async def test_who_asks_after_a_purge_does_not_hear_what_was_being_spoken_before_it(join: Join) -> None:
    one, other = await join(), await join()
    spoken, heard_by = (streams_of(member) for member in (one, other))
    phrase = Phrase(b"old ", b"phrase")

    leading = asyncio.create_task(heard(spoken, phrase.speak))
    await phrase.begun.wait()
    await other.caches.invalidate(KNOWLEDGE)
    assert await heard(heard_by, new) == (b"new", Source.ORIGIN), "and does not wait for its end either"
    phrase.goes_on.set()
    assert await leading == (b"old phrase", Source.ORIGIN)
