"""Phrases that are heard while they are spoken (promise 6, and who joins whom)."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterable

import pytest

from tests.support.caches import KNOWLEDGE, Speaker, World, key
from tests.support.caches.world import settle
from warmline.errors import SpendLimitReached
from warmline_cache import Policy, Source
from warmline_cache.errors import ListenerTooSlow, StreamBroken, UpstreamUnavailable
from warmline_cache.redis.budget import Budget

pytestmark = pytest.mark.virtual_time

CHUNKS = [bytes([n]) * 10 for n in range(8)]
PHRASE = b"".join(CHUNKS)


class Provider:
    """Speaks PHRASE; `fails_after` some chunks if told so."""

    def __init__(self) -> None:
        self.calls = 0
        self.fails_after: int | None = None
        self.error: Exception = UpstreamUnavailable("sarvam", "hung up")
        self.chunks = CHUNKS

    async def __call__(self) -> AsyncGenerator[bytes, None]:
        self.calls += 1
        await asyncio.sleep(1)
        for count, chunk in enumerate(self.chunks):
            if count == self.fails_after:
                raise self.error
            yield chunk
            await asyncio.sleep(0.1)


class Heard:
    """What one listener heard, and when it began."""

    def __init__(self) -> None:
        self.audio = b""
        self.began = 0.0
        self.source: Source | None = None


async def listen(speaker: Speaker, provider: Provider, *, seconds_a_chunk: float = 0.0, most: int = 10**9) -> Heard:
    heard, now = Heard(), asyncio.get_running_loop().time
    async with speaker.streams.get_or_stream(key(), provider) as stream:
        async for chunk in stream:
            heard.began = heard.began or now()
            heard.audio += chunk
            if len(heard.audio) >= most:
                break
            await asyncio.sleep(seconds_a_chunk)
    heard.source = stream.source
    return heard


@contextlib.asynccontextmanager
async def speaking(
    world: World, count: int = 1, *, keep: int = 10**6, policy: Policy | None = None
) -> AsyncGenerator[list[Speaker], None]:
    speakers = [Speaker(world, keep=keep, policy=policy) for _ in range(count)]
    yield speakers
    await asyncio.sleep(20)
    for speaker in speakers:
        await speaker.cache.aclose()
        await speaker.streams.aclose()
        assert not speaker.streams._live
        assert not speaker.streams._arrivals


async def test_the_first_caller_and_who_joins_hear_it_as_it_comes_for_one_load(world: World) -> None:
    provider = Provider()
    async with speaking(world) as (speaker,):
        first = asyncio.create_task(listen(speaker, provider))
        await asyncio.sleep(1.35)
        late = asyncio.create_task(listen(speaker, provider))
        one, other = await first, await late
        assert [one.began, other.began] == pytest.approx([1.0, 1.35])
        assert [(each.audio, each.source) for each in (one, other)] == [
            (PHRASE, Source.ORIGIN),
            (PHRASE, Source.JOINED),
        ]
        await settle()
        assert (await listen(speaker, provider)).source is Source.L1
    assert provider.calls == 1


async def test_a_listener_on_another_worker_hears_it_as_it_comes(world: World) -> None:
    provider = Provider()
    async with speaking(world, 2) as (leader, other):
        first = asyncio.create_task(listen(leader, provider))
        await asyncio.sleep(0.5)
        joined = await listen(other, provider)
        assert (joined.audio, joined.source) == (PHRASE, Source.JOINED)
        assert joined.began == pytest.approx((await first).began)
    assert provider.calls == 1


async def test_a_slow_listener_holds_nobody_up(world: World) -> None:
    provider = Provider()
    async with speaking(world) as (speaker,):
        slow = asyncio.create_task(listen(speaker, provider, seconds_a_chunk=1))
        await listen(speaker, provider)
        assert world.clock() == pytest.approx(1.8)
        assert (await slow).audio == PHRASE


async def test_a_listener_who_leaves_too_much_unread_is_cut_off_and_the_rest_hear_on(world: World) -> None:
    provider = Provider()
    async with speaking(world, keep=35) as (speaker,):
        slow = asyncio.create_task(listen(speaker, provider, seconds_a_chunk=5))
        assert (await listen(speaker, provider)).audio == PHRASE
        with pytest.raises(ListenerTooSlow):
            await slow


async def test_a_chunk_larger_than_what_is_kept_for_a_listener_is_heard_by_whoever_waited_for_it(world: World) -> None:
    """As from an API that answers with the whole audio."""
    provider = Provider()
    async with speaking(world, keep=max(map(len, CHUNKS)) - 1) as (speaker,):
        assert (await listen(speaker, provider)).audio == PHRASE


async def test_a_stream_too_long_to_keep_is_heard_whole_and_not_stored(world: World) -> None:
    provider = Provider()
    async with speaking(world, keep=35) as (speaker,):
        assert (await listen(speaker, provider)).audio == PHRASE
        await settle()
        assert (await listen(speaker, provider)).source is Source.ORIGIN
    assert provider.calls == 2


async def test_leaving_in_the_middle_stops_nobody_and_the_phrase_is_kept(world: World) -> None:
    provider = Provider()
    async with speaking(world) as (speaker,):
        left = asyncio.create_task(listen(speaker, provider, most=20))
        stays = asyncio.create_task(listen(speaker, provider))
        assert (await left).audio == PHRASE[:20]
        assert (await stays).audio == PHRASE
        alone = Provider()
        async with speaker.streams.get_or_stream(key("other"), alone) as stream:
            async for _ in stream:
                break
        await asyncio.sleep(5)
        assert (await speaker.cache.get_or_load(key("other"), world_has_none)).value == PHRASE


async def test_whoever_heard_a_phrase_is_counted_once_by_who_spoke_it_and_who_heard_nothing_is_not(
    world: World,
) -> None:
    provider = Provider()
    async with speaking(world, 2) as (leader, other):
        gone = asyncio.create_task(listen(leader, provider))
        await settle()
        gone.cancel()
        await asyncio.gather(*(listen(speaker, provider) for speaker in (leader, leader, other)))
        await asyncio.sleep(1)
        await listen(leader, provider)
        tallies = [speaker.cache.tally.by_source() for speaker in (leader, other)]
    assert {source: count for source, count in tallies[0].items() if count} == {Source.JOINED: 2, Source.L1: 1}
    assert {source: count for source, count in tallies[1].items() if count} == {Source.JOINED: 1}
    assert provider.calls == 1


async def world_has_none() -> bytes | None:
    raise AssertionError("it was to be kept")


@pytest.mark.parametrize("after", [0, 3])
async def test_audio_that_breaks_off_is_an_error_to_all_who_hear_it_and_is_never_stored(
    world: World, after: int
) -> None:
    provider = Provider()
    provider.fails_after = after
    async with speaking(world, 2) as (speaker, other):
        heard = await asyncio.gather(
            listen(speaker, provider), listen(speaker, provider), listen(other, provider), return_exceptions=True
        )
        assert all(isinstance(one, UpstreamUnavailable) for one in heard)
        provider.fails_after = None
        assert (await listen(speaker, provider)).source is Source.ORIGIN


async def test_who_loses_the_relay_hears_the_whole_from_where_he_was(world: World) -> None:
    provider = Provider()
    async with speaking(world, 2) as (leader, other):
        first = asyncio.create_task(listen(leader, provider))
        joined = asyncio.create_task(listen(other, provider))
        await asyncio.sleep(1.35)
        world.relay.lose(key().text)
        world.relay.gates.broken |= {"send", "end"}
        assert (await joined).audio == (await first).audio == PHRASE
        assert other.lost == 1
    assert provider.calls == 1


@pytest.mark.parametrize(
    "again",
    [[b"another " * 4] * 8, CHUNKS[:1], [*CHUNKS[:2], b"x", *CHUNKS[3:]]],
    ids=["another rendition", "a shorter one", "one that differs by a byte"],
)
async def test_who_loses_a_stream_that_goes_on_nowhere_is_told_that_it_broke_and_hears_no_patchwork(
    world: World, again: list[bytes]
) -> None:
    provider, takes_over = Provider(), Provider()
    takes_over.chunks = again
    async with speaking(world, 2) as (leader, other):
        dying = asyncio.create_task(listen(leader, provider))
        joined = asyncio.create_task(listen(other, takes_over))
        await asyncio.sleep(1.35)
        world.lease_store.gates.broken |= {"renew", "release"}  # as a process that is gone
        await leader.cache.aclose()
        world.lease_store.gates.broken.clear()
        with pytest.raises(Exception):  # noqa: B017, PT011  the listener of a killed process has nobody to hear
            await dying
        world.relay.lose(key().text)
        with pytest.raises(StreamBroken):
            await joined
        assert (await listen(other, provider)).audio == b"".join(again)


async def test_a_purge_lets_everybody_hear_to_the_end_what_they_hear_and_who_comes_later_hears_the_new_at_once(
    world: World,
) -> None:
    old, new = Provider(), Provider()
    new.chunks = [b"new"]
    async with speaking(world, 3) as speakers:
        early = [asyncio.create_task(listen(speaker, old)) for speaker in speakers[:2]]
        await asyncio.sleep(1.35)
        await world.store.replace([KNOWLEDGE.text], [], Budget(1))
        for speaker in speakers:
            speaker.cache.forget([KNOWLEDGE.text], [])
            speaker.streams.forget([KNOWLEDGE.text], [])
        late = await asyncio.gather(*(listen(speaker, new) for speaker in reversed(speakers)))
        assert [one.audio for one in late] == [b"new"] * 3
        assert [one.began for one in late] == pytest.approx([2.35] * 3)
        assert [(await one).audio for one in early] == [PHRASE] * 2
    assert (old.calls, new.calls) == (1, 1)


async def test_who_hears_on_what_was_purged_is_not_left_in_silence_when_it_breaks_off(world: World) -> None:
    breaks, whole = Provider(), Provider()
    breaks.fails_after = 5
    async with speaking(world, 2) as (leader, other):
        failing = asyncio.create_task(listen(leader, breaks))
        joined = asyncio.create_task(listen(other, whole))
        await asyncio.sleep(1.35)
        await world.store.replace([KNOWLEDGE.text], [], Budget(1))
        for speaker in (leader, other):
            speaker.cache.forget([KNOWLEDGE.text], [])
            speaker.streams.forget([KNOWLEDGE.text], [])
        with pytest.raises(UpstreamUnavailable):
            await failing
        async with asyncio.timeout(3):
            assert (await joined).audio == PHRASE


async def test_who_comes_too_late_to_hear_the_beginning_of_a_long_stream_hears_it_whole_on_every_worker(
    world: World,
) -> None:
    provider = Provider()
    async with speaking(world, 2, keep=35) as (speaker, other):
        leading = asyncio.create_task(listen(speaker, provider))
        await asyncio.sleep(1.55)
        late = await asyncio.gather(*(listen(one, provider) for one in (speaker, speaker, other)))
        assert [one.audio for one in late] == [PHRASE] * 3
        assert (await leading).audio == PHRASE
    assert provider.calls <= 3


async def test_a_slow_relay_delays_nothing_that_is_heard(world: World) -> None:
    provider = Provider()
    world.relay.gates.delay = 0.3
    async with speaking(world, 2) as (leader, other):
        first = asyncio.create_task(listen(leader, provider))
        await asyncio.sleep(0.5)
        joined = asyncio.create_task(listen(other, provider))
        assert (await first).began == pytest.approx(1.0)
        assert world.clock() == pytest.approx(1.8)
        assert (await joined).audio == PHRASE


async def test_who_listened_to_a_worker_that_died_hears_the_load_that_takes_over(world: World) -> None:
    provider = Provider()
    async with speaking(world, 2) as (leader, other):
        dying = asyncio.create_task(listen(leader, provider))
        joined = asyncio.create_task(listen(other, provider))
        await asyncio.sleep(1.35)
        world.lease_store.gates.broken |= {"renew", "release"}  # as a process that is gone
        await leader.cache.aclose()
        world.lease_store.gates.broken.clear()
        with pytest.raises(Exception):  # noqa: B017, PT011  the listener of a killed process has nobody to hear
            await dying
        assert (await joined).audio == PHRASE
    assert provider.calls == 2


async def test_without_redis_phrases_are_spoken_all_the_same(world: World) -> None:
    provider = Provider()
    world.store.gates.broken |= {"read", "claim", "commit"}
    world.lease_store.gates.broken |= {"acquire", "renew", "release"}
    world.relay.gates.broken |= {"begin", "send", "end", "follow"}
    async with speaking(world) as (speaker,):
        both = await asyncio.gather(*(listen(speaker, provider) for _ in range(2)))
        assert [one.audio for one in both] == [PHRASE] * 2
    assert provider.calls == 1


@pytest.mark.parametrize(
    "error", [UpstreamUnavailable("sarvam", "away"), SpendLimitReached("spent"), ConnectionResetError("by peer")]
)
async def test_a_phrase_past_its_time_stands_in_for_one_that_cannot_be_spoken(world: World, error: Exception) -> None:
    policy = Policy(ttl=60, negative_ttl=5, jitter=0, stale_if_error=600)
    provider = Provider()
    async with speaking(world, 2, policy=policy) as (speaker, other):
        await listen(speaker, provider)
        await asyncio.sleep(90)
        provider.fails_after, provider.error = 0, error
        heard = await asyncio.gather(*(listen(one, provider) for one in (speaker, speaker, other)))
        assert [(one.audio, one.source) for one in heard] == [(PHRASE, Source.STALE)] * 3
        assert speaker.lost == 0


async def test_a_phrase_that_fails_once_it_is_heard_fails(world: World) -> None:
    policy = Policy(ttl=60, negative_ttl=5, jitter=0, stale_if_error=600)
    provider = Provider()
    async with speaking(world, policy=policy) as (speaker,):
        await listen(speaker, provider)
        await asyncio.sleep(90)
        provider.fails_after = 3
        with pytest.raises(UpstreamUnavailable):
            await listen(speaker, provider)


async def test_a_listener_who_was_too_late_hears_nothing_from_behind_the_gap(world: World) -> None:
    heard = []

    async def hear(stream: AsyncIterable[bytes]) -> None:
        async for chunk in stream:
            heard.append(chunk)
            await asyncio.sleep(0.75)

    async with speaking(world, keep=35) as (speaker,), speaker.streams.get_or_stream(key(), Provider()) as stream:
        with pytest.raises(ListenerTooSlow):
            await hear(stream)
    assert heard
    assert PHRASE.startswith(b"".join(heard))
