"""Phrases that two workers speak, over real Redis servers."""

import asyncio
from collections.abc import AsyncGenerator, Callable

from tests.integration.cache.conftest import Join
from tests.support.caches import KNOWLEDGE, AudioCodec, key
from tests.support.caches.members import UNHURRIED, Member
from tests.support.processes.proxy import Proxy
from tests.support.redis import RedisServer
from tests.support.time.aio import until
from warmline_cache import Policy, Source, Streams


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


class Dictated:
    """A phrase whose chunks a test hands over; an empty one ends it. `at_once` is another rendition of the same."""

    def __init__(self, *chunks: bytes) -> None:
        self.chunks = chunks
        self._spoken: asyncio.Queue[bytes] = asyncio.Queue()

    def speak_on(self, chunk: bytes) -> None:
        self._spoken.put_nowait(chunk)

    async def speak(self) -> AsyncGenerator[bytes, None]:
        while chunk := await self._spoken.get():
            yield chunk

    async def at_once(self) -> AsyncGenerator[bytes, None]:
        yield b"".join(self.chunks)


async def test_who_reads_slowly_while_redis_evicts_what_is_spoken_hears_every_word_once(
    join: Join, shared: RedisServer
) -> None:
    proxy, phrase = await Proxy(shared.port).start(), Dictated(b"one ", b"two ", b"three ", b"four")
    far = await join(shared=proxy.url, limits=UNHURRIED)
    one, other = streams_of(await join(limits=UNHURRIED)), streams_of(far)

    def entries() -> int:
        with shared.client() as client:
            return sum(client.xlen(name) for name in client.keys("*:live*"))

    leading = asyncio.create_task(heard(one, phrase.speak))
    phrase.speak_on(phrase.chunks[0])
    async with other.get_or_stream(key(), phrase.at_once) as listening:
        chunks = aiter(listening)
        assert await anext(chunks) == b"one "
        proxy.silence()
        for number in (1, 2):
            phrase.speak_on(phrase.chunks[number])
            await until(lambda number=number: entries() == number + 2, seconds=5, what="a chunk on its way")  # type: ignore[misc]
        with shared.client() as client:
            client.delete(*client.keys("*:live*"))
        phrase.speak_on(phrase.chunks[3])
        await until(lambda: entries() == 1, seconds=5, what="a chunk on its way")
        proxy.speak()
        phrase.speak_on(b"")
        assert b"".join([chunk async for chunk in chunks]) == b"two three four"
    assert far.events.lost == 1
    assert await leading == (b"one two three four", Source.ORIGIN)
    await proxy.aclose()


async def new() -> AsyncGenerator[bytes, None]:
    yield b"new"


async def test_who_asks_elsewhere_while_a_phrase_is_spoken_hears_it_along(join: Join) -> None:
    one, other = streams_of(await join(limits=UNHURRIED)), streams_of(await join(limits=UNHURRIED))
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
    one, other = await join(limits=UNHURRIED), await join(limits=UNHURRIED)
    spoken, heard_by = (streams_of(member) for member in (one, other))
    phrase = Phrase(b"old ", b"phrase")

    leading = asyncio.create_task(heard(spoken, phrase.speak))
    await phrase.begun.wait()
    await other.caches.invalidate(KNOWLEDGE)
    assert await heard(heard_by, new) == (b"new", Source.ORIGIN), "and does not wait for its end either"
    phrase.goes_on.set()
    assert await leading == (b"old phrase", Source.ORIGIN)
