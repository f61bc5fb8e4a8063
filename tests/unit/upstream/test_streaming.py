"""What is tried again and what is not, over sockets that do what the test says, in virtual time, and a REST double."""

import asyncio
import base64
import contextlib
import json
import struct
from collections.abc import AsyncGenerator, AsyncIterator

import msgspec
import pytest

from tests.support.worker.sockets import FixedBudget, PoolWorld, ScriptedWire
from warmline.errors import UpstreamRejected
from warmline.pool import Loss
from warmline.upstream.ports import Voice
from warmline.upstream.sarvam.refusals import Refusals
from warmline.upstream.sarvam.streaming import StreamingSarvam
from warmline_cache.errors import UpstreamError, UpstreamUnavailable

pytestmark = pytest.mark.virtual_time

VOICE = Voice(model="bulbul:v3", speaker="priya", language="en-IN")
BAD = json.dumps({"type": "error", "data": {"message": "400: Pitch is not supported", "code": None}})
FINAL = json.dumps({"type": "event", "data": {"event_type": "final"}})
REST = b"by rest."


def audio(samples: bytes) -> str:
    return json.dumps({"type": "audio", "data": {"audio": base64.b64encode(samples).decode()}})


def wave_header(rate: int) -> bytes:
    """Of a file whose length is not known yet."""
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, rate, rate * 2, 2, 16)
    return b"RIFF\xff\xff\xff\xffWAVE" + form + b"data\xff\xff\xff\xff"


class Rest:
    """Speaks, over REST, always the same."""

    name = "sarvam"

    def __init__(self) -> None:
        self.asked = 0

    def longest_text(self, voice: Voice) -> int:
        return 2500

    async def stream(self, text: str, voice: Voice) -> AsyncGenerator[bytes, None]:
        self.asked += 1
        yield REST


class Desk:
    """A synthesiser on a scripted provider. Each socket that is opened says the next of `script` once flushed."""

    def __init__(self, world: PoolWorld) -> None:
        self.world = world
        self.rest = Rest()
        self.billed: list[tuple[str, int]] = []
        self.sarvam = StreamingSarvam(
            world.pool,
            self.rest,
            first_audio_timeout=5,
            next_audio_timeout=2,
            language_field="target_language_code",
            on_speech=lambda transport, characters: self.billed.append((transport, characters)),
        )

    async def warm(self) -> "Desk":
        self.world.pool.start()
        self.world.pool.prewarm(VOICE.model)
        await asyncio.sleep(10)
        return self

    async def hear(self, *frames: str, then: Loss | None = None, text: str = "Good morning") -> bytes:
        """Speak, while the socket that is used says `frames`, then perhaps ends."""
        speaking = asyncio.create_task(self.speak(text))
        await asyncio.sleep(0.05)
        self.answer(*frames, then=then)
        return await speaking

    def answer(self, *frames: str, then: Loss | None = None) -> None:
        wire = self.used[-1]
        wire.say(*frames)
        if then is not None:
            wire.hang_up(then)

    @property
    def used(self) -> list[ScriptedWire]:
        """The sockets on which something was said, in that order."""
        return sorted((wire for wire in self.world.provider.wires if wire.sent), key=lambda wire: wire.sent_at[-1])

    async def speak(self, text: str = "Good morning", voice: Voice = VOICE) -> bytes:
        return b"".join([chunk async for chunk in self.sarvam.stream(text, voice)])


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    world = PoolWorld(prewarm=1)
    yield await Desk(world).warm()
    await world.pool.aclose()


async def test_an_utterance_is_config_text_and_flush_and_its_audio_up_to_the_final_event(desk: Desk) -> None:
    assert await desk.hear(audio(b"\1\2"), '{"type": "unheard of"}', audio(b"\3\4"), FINAL) == b"\1\2\3\4"
    sent = [json.loads(frame) for frame in desk.used[0].sent]
    assert [frame["type"] for frame in sent] == ["config", "text", "flush"]
    assert sent[1]["data"] == {"text": "Good morning"}
    assert desk.billed == [("socket", 12)]
    assert (desk.world.provider.attempts, desk.world.events.counts["warm"]) == (1, 1)


async def test_chunks_that_end_within_a_sample_are_put_together(desk: Desk) -> None:
    speaking = desk.sarvam.stream("Good morning", VOICE)
    first = asyncio.create_task(anext(speaking))
    await asyncio.sleep(0.05)
    desk.answer(audio(b"\1"), audio(b"\2\3"), audio(b"\4\5\6"), FINAL)
    assert [await first, *[chunk async for chunk in speaking]] == [b"\1\2", b"\3\4\5\6"]


async def test_audio_that_ends_within_a_sample_is_rejected(desk: Desk) -> None:
    with pytest.raises(UpstreamRejected, match="within a sample"):
        await desk.hear(audio(b"\1\2\3"), FINAL)
    assert desk.world.states() == {"idle": 1}, "the conversation had ended: the socket can be used again"


@pytest.mark.parametrize("loss", [Loss.CLOSED, Loss.CUT])
async def test_a_socket_that_breaks_before_any_audio_is_tried_once_more_on_a_fresh_one(desk: Desk, loss: Loss) -> None:
    speaking = asyncio.create_task(desk.speak())
    await asyncio.sleep(0.05)
    desk.answer(then=loss)
    await asyncio.sleep(0.2)
    desk.answer(audio(b"\1\2"), FINAL)
    assert await speaking == b"\1\2"
    assert len(desk.used) == 2
    assert desk.billed == [("socket", 12)]


async def test_the_fresh_socket_is_not_another_that_has_been_idle() -> None:
    world = PoolWorld(prewarm=3)
    desk = await Desk(world).warm()
    speaking = asyncio.create_task(desk.speak())
    await asyncio.sleep(0.05)
    desk.answer(then=Loss.CUT)
    await asyncio.sleep(0.2)
    desk.answer(audio(b"\1\2"), FINAL)
    assert await speaking == b"\1\2"
    assert desk.used[-1] not in world.provider.wires[:3]
    await world.pool.aclose()


async def test_a_second_socket_that_breaks_is_an_error_and_not_tried_again(desk: Desk) -> None:
    speaking = asyncio.create_task(desk.speak())
    for _ in range(2):
        await asyncio.sleep(0.2)
        desk.answer(then=Loss.CUT)
    with pytest.raises(UpstreamUnavailable):
        await speaking
    assert (len(desk.used), desk.rest.asked, desk.billed) == (2, 0, [])


async def test_what_breaks_after_audio_was_heard_is_an_error_at_once(desk: Desk) -> None:
    with pytest.raises(UpstreamUnavailable, match="cut"):
        await desk.hear(audio(b"\1\2"), then=Loss.CUT)
    assert (len(desk.used), desk.rest.asked) == (1, 0)


async def test_an_end_without_audio_is_another_utterances_and_tried_on_a_fresh_socket(desk: Desk) -> None:
    speaking = asyncio.create_task(desk.speak())
    await asyncio.sleep(0.05)
    desk.answer(FINAL)
    await asyncio.sleep(0.2)
    desk.answer(FINAL)
    with pytest.raises(UpstreamRejected, match="no audio"):
        await speaking
    assert len(desk.used) == 2


async def test_an_error_that_the_provider_names_is_not_tried_again(desk: Desk) -> None:
    with pytest.raises(UpstreamRejected, match="Speaker"):
        await desk.hear(json.dumps({"type": "error", "data": {"message": "400: Speaker 'x' is unknown"}}))
    assert (len(desk.used), desk.rest.asked) == (1, 0)
    assert desk.world.events.counts["failed"] == 1


@pytest.mark.parametrize(("frames", "seconds"), [([], 5), ([audio(b"\1\2")], 2)], ids=["first", "next"])
async def test_a_silence_is_an_error_when_patience_ends(desk: Desk, frames: list[str], seconds: float) -> None:
    began = asyncio.get_running_loop().time()
    with pytest.raises(UpstreamUnavailable, match="silence"):
        await desk.hear(*frames)
    assert asyncio.get_running_loop().time() - began == pytest.approx(seconds, abs=0.1)
    assert (len(desk.used), desk.rest.asked) == (1, 0)


async def test_frames_of_no_use_do_not_prolong_patience(desk: Desk) -> None:
    speaking = asyncio.create_task(desk.speak())
    for _ in range(4):
        await asyncio.sleep(1.2)
        desk.answer('{"type": "progress"}')
    with pytest.raises(UpstreamUnavailable, match="silence"):
        await asyncio.wait_for(speaking, 0.5)


async def test_who_stops_listening_costs_the_socket(desk: Desk) -> None:
    async with contextlib.aclosing(desk.sarvam.stream("Good morning", VOICE)) as speaking:
        first = asyncio.ensure_future(anext(speaking))
        await asyncio.sleep(0.05)
        desk.answer(audio(b"\1\2"), audio(b"\3\4"))
        assert await first == b"\1\2"
    await asyncio.sleep(1)
    assert desk.world.events.counts["interrupted"] == 1
    assert desk.world.states() == {"idle": 1}
    assert await desk.hear(audio(b"\5\6"), FINAL) == b"\5\6", (
        "nothing of the interrupted utterance is heard in the next"
    )


@pytest.mark.parametrize("refusal", [UpstreamUnavailable("sarvam", "HTTP 429"), UpstreamUnavailable("sarvam", "away")])
async def test_rest_speaks_when_no_socket_can_be_opened(refusal: UpstreamError) -> None:
    world = PoolWorld(prewarm=1)
    world.provider.refuses = refusal
    desk = await Desk(world).warm()
    assert await desk.speak() == REST
    await world.pool.aclose()


async def test_rest_speaks_when_the_budget_is_used_up() -> None:
    world = PoolWorld(prewarm=0, budget=FixedBudget(sockets=0, fair=0))
    desk = await Desk(world).warm()
    assert await desk.speak() == REST
    assert world.provider.attempts == 0
    await world.pool.aclose()


async def test_a_refused_key_is_an_error_and_nothing_is_tried_over_rest() -> None:
    world = PoolWorld(prewarm=1)
    world.provider.refuses = UpstreamRejected("sarvam", "HTTP 403")
    desk = await Desk(world).warm()
    with pytest.raises(UpstreamRejected, match="403"):
        await desk.speak()
    assert desk.rest.asked == 0
    await world.pool.aclose()


@pytest.mark.parametrize("rate", [32000, 44100, 48000])
async def test_a_rate_that_no_socket_speaks_at_is_spoken_over_rest_and_costs_no_socket(desk: Desk, rate: int) -> None:
    assert await desk.speak(voice=msgspec.structs.replace(VOICE, sample_rate=rate)) == REST
    assert desk.used == []
    assert desk.world.states() == {"idle": 1}


async def test_a_text_of_many_messages_is_one_utterance_with_one_flush(desk: Desk) -> None:
    text = "Good morning to all of you. " * 110
    speaking = asyncio.create_task(desk.speak(text))
    await asyncio.sleep(0.05)
    desk.answer(audio(b"\1\2"), FINAL)
    assert await speaking == b"\1\2"
    sent = [json.loads(frame) for frame in desk.used[0].sent]
    assert [frame["type"] for frame in sent] == ["config", "text", "text", "flush"]
    assert "".join(frame["data"]["text"] for frame in sent[1:-1]) == text
    assert desk.billed == [("socket", len(text))]


async def test_a_wave_header_before_the_first_samples_is_no_speech(desk: Desk) -> None:
    header = wave_header(22050)
    assert await desk.hear(audio(header[:7]), audio(header[7:] + b"\1"), audio(b"\2\3\4"), FINAL) == b"\1\2\3\4"
    assert desk.world.states() == {"idle": 1}


async def test_a_wave_header_of_another_rate_is_rejected(desk: Desk) -> None:
    header = wave_header(24000)
    with pytest.raises(UpstreamRejected, match="24000 Hz"):
        await desk.hear(audio(header + b"\1\2"), FINAL)


async def test_frames_a_little_different_from_ours_do_not_end_an_utterance(desk: Desk) -> None:
    odd = [
        {"type": "metrics", "data": "a string"},
        {"type": "audio", "data": {"audio": None, "code": None}},
        {"type": "audio", "data": {"audio": "AQI", "code": None, "message": None}},
        {"type": "event", "data": {"event_type": "final", "message": None}},
    ]
    assert await desk.hear(*map(json.dumps, odd)) == b"\1\2"
    assert desk.world.states() == {"idle": 1}


async def test_a_voice_that_sockets_refuse_does_not_cost_one_each_time_until_it_speaks_again(desk: Desk) -> None:
    for text in "ab":
        with pytest.raises(UpstreamRejected):
            await desk.hear(BAD, text=text)
        await asyncio.sleep(1)
    used = len(desk.used)
    assert await desk.speak() == REST
    assert len(desk.used) == used, "this time no socket was tried"
    assert await desk.hear(audio(b"\1\2"), FINAL) == b"\1\2"


async def test_another_voice_is_not_held_to_account_for_it(desk: Desk) -> None:
    for text in "ab":
        with pytest.raises(UpstreamRejected):
            await desk.hear(BAD, text=text)
        await asyncio.sleep(1)
    speaking = asyncio.create_task(desk.speak(voice=msgspec.structs.replace(VOICE, speaker="rohan")))
    await asyncio.sleep(0.05)
    desk.answer(audio(b"\1\2"), FINAL)
    assert await speaking == b"\1\2"


def test_the_texts_of_one_take_nobody_elses_voice_off_its_sockets() -> None:
    refusals = Refusals(limit=2, proven_limit=5)
    refusals.record_proof(VOICE)
    known = []
    for number in range(5):
        refusals.record_refusal(VOICE, f"refused {number}")
        known.append(refusals.known(VOICE, "another"))
    assert known == [False] * 4 + [True]
    refusals.record_speech(VOICE, "another")
    assert not refusals.known(VOICE, "another")
    assert refusals.known(VOICE, "refused 0"), "a text that was refused costs no second socket"
    refusals.record_speech(VOICE, "refused 0")
    assert not refusals.known(VOICE, "refused 0")


def test_of_very_many_refused_voices_the_oldest_are_forgotten() -> None:
    refusals = Refusals(limit=1, most=2)
    for speaker in "abc":
        refusals.record_refusal(msgspec.structs.replace(VOICE, speaker=speaker), "text")
    assert [refusals.known(msgspec.structs.replace(VOICE, speaker=speaker), "text") for speaker in "abc"] == [
        False,
        True,
        True,
    ]
