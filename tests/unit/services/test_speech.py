"""What tells one spoken phrase from another, what is spoken and kept at all, and the file it is put in."""

import io
import time
import wave
from collections.abc import AsyncGenerator, AsyncIterator

import msgspec
import pytest

from tests.support.worker.warm import Fleet, Voices
from warmline.errors import InvalidInput, TooLarge, UpstreamRejected
from warmline.services.agents import AgentConfig
from warmline.services.speech import phrase_key, wave_header
from warmline.upstream.ports import Voice

VOICE = Voice(model="bulbul:v3", speaker="priya", language="en-IN")
OTHER = {
    "model": "bulbul:v2",
    "speaker": "rohan",
    "language": "hi-IN",
    "sample_rate": 16000,
    "codec": "wav",
    "pace": 1.1,
    "pitch": 0.1,
    "loudness": 1.2,
    "temperature": 0.3,
    "dictionary": "d1",
    "dictionary_version": "2",
}


def test_the_table_below_changes_every_setting_of_a_voice() -> None:
    assert set(OTHER) == {field.name for field in msgspec.structs.fields(Voice)}


@pytest.mark.parametrize("setting", OTHER)
def test_a_voice_that_differs_in_anything_has_phrases_of_its_own(setting: str) -> None:
    changed = msgspec.structs.replace(VOICE, **{setting: OTHER[setting]})
    assert phrase_key("sarvam", "o", "a", changed, "hi").text != phrase_key("sarvam", "o", "a", VOICE, "hi").text


@pytest.mark.parametrize("change", [{"provider": "x"}, {"organisation": "x"}, {"agent": "x"}, {"text": "x"}])
def test_provider_organisation_agent_and_text_are_told_apart(change: dict[str, str]) -> None:
    names = {"provider": "sarvam", "organisation": "o", "agent": "a", "text": "hi"}
    assert phrase_key(**{**names, **change}, voice=VOICE).text != phrase_key(**names, voice=VOICE).text


def test_the_header_makes_pcm_the_file_that_the_standard_library_would_write() -> None:
    pcm = b"\x01\x02" * 1000
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setparams((1, 2, 22050, 1000, "NONE", "not compressed"))
        writer.writeframes(pcm)
    assert wave_header(len(pcm), 22050) + pcm == file.getvalue()


class Scripted(Voices):
    """Says what a test wants it to."""

    def __init__(self, *chunks: bytes) -> None:
        super().__init__()
        self.chunks = chunks

    async def stream(self, text: str, voice: Voice) -> AsyncGenerator[bytes, None]:
        self.spoken.append(text)
        for chunk in self.chunks:
            yield chunk


@pytest.fixture
async def fleet() -> AsyncIterator[Fleet]:
    made = Fleet()
    made.app.add("o", "a")
    yield made
    await made.aclose()


@pytest.mark.virtual_time
@pytest.mark.parametrize(
    "chunks",
    [
        (),
        (b"\1\2",),
        (b"\1\2\3\4" * 100,),
        (bytes(44100),),
        (b"\xff\xff" * 22050,),
        (b"\0\0\1\0\2\0" * 5000, bytes(2000)),
    ],
    ids=["nothing", "one sample", "an instant", "zeros", "one value", "less than a whisper"],
)
async def test_a_phrase_in_which_nothing_is_heard_is_an_error_and_is_not_kept(
    fleet: Fleet, chunks: tuple[bytes, ...]
) -> None:
    fleet.voices = Scripted(*chunks)
    speech = fleet.member(limit=0).services.speech
    for _ in range(2):
        with pytest.raises(UpstreamRejected):
            await speech.speak("o", "a", VOICE, "hello")
    assert len(fleet.voices.spoken) == 2


@pytest.mark.virtual_time
async def test_what_is_spoken_without_an_end_is_given_up_and_not_kept(fleet: Fleet) -> None:
    """Of a text of five letters a minute may be spoken; of what never ended a worker had kept a gigabyte."""
    second, voice = b"\1\2\3\4" * 4000, msgspec.structs.replace(VOICE, sample_rate=8000)
    fleet.voices = Scripted(*[second] * 59)
    speech = fleet.member(limit=0).services.speech
    assert len((await speech.speak("o", "a", voice, "hello")).value) == 59 * len(second)
    fleet.voices.chunks = (second,) * 63
    for _ in range(2):
        with pytest.raises(UpstreamRejected, match="samples"):
            await speech.speak("o", "a", voice, "namaste")
    assert len(fleet.voices.spoken) == 3


@pytest.mark.virtual_time
async def test_a_phrase_that_begins_and_ends_with_silence_is_kept(fleet: Fleet) -> None:
    fleet.voices = Scripted(bytes(4410), b"\1\2\3\4" * 1000, bytes(44100))
    speech = fleet.member(limit=0).services.speech
    for _ in range(2):
        assert len((await speech.speak("o", "a", VOICE, "hello")).value) == 4410 + 4000 + 44100
    assert len(fleet.voices.spoken) == 1


@pytest.mark.virtual_time
@pytest.mark.parametrize("text", ["", " ", "…", "👍", "\u200b", "।"], ids=ascii)
async def test_a_text_with_nothing_to_speak_is_whoevers_text_it_is(fleet: Fleet, text: str) -> None:
    speech = fleet.member(limit=0).services.speech
    with pytest.raises(InvalidInput) as refused:
        await speech.speak("o", "a", VOICE, text)
    assert refused.value.field == "text"
    assert fleet.voices.spoken == []


@pytest.mark.virtual_time
@pytest.mark.parametrize("change", [{"pace": 0.5}, {"sample_rate": 48000}])
async def test_no_more_is_spoken_than_can_be_kept_for_who_listens(fleet: Fleet, change: dict[str, float]) -> None:
    fleet.voices = Voices()
    fleet.voices.longest = 5000
    speech = fleet.member(limit=0).services.speech
    text = "word " * 600
    await speech.speak("o", "a", VOICE, text)
    with pytest.raises(TooLarge):
        await speech.speak("o", "a", msgspec.structs.replace(VOICE, **change), text)


@pytest.mark.virtual_time
@pytest.mark.parametrize(
    "text", ["a" + "\u0301\u0327" * 40_000, "a" + "\u0301\u0327" * 2_000, "a" * 100_000, "7" * 20_000_000]
)
async def test_a_text_that_no_language_has_holds_up_nobody(fleet: Fleet, text: str) -> None:
    """Whoever else is on this worker waits for it: put in order, the marks of the first take ten seconds."""
    speech = fleet.member(limit=0).services.speech
    started = time.process_time()
    assert await speech.peek("o", "a", VOICE, text) is None
    with pytest.raises(TooLarge):
        await speech.speak("o", "a", VOICE, text)
    assert time.process_time() - started < 0.5


@pytest.mark.virtual_time
@pytest.mark.parametrize("number", ["98765 ", "९८७६५ "])
async def test_numbers_take_longer_to_say_than_they_are_to_write(fleet: Fleet, number: str) -> None:
    fleet.voices = Voices()
    fleet.voices.longest = 5000
    speech = fleet.member(limit=0).services.speech
    await speech.speak("o", "a", VOICE, number * 100)
    with pytest.raises(TooLarge):
        await speech.speak("o", "a", VOICE, number * 200)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"codec": "mulaw"}, "codec"),
        ({"codec": "mp3"}, "codec"),
        ({"sampleRate": 0}, "sampleRate"),
        ({"sampleRate": -8000}, "sampleRate"),
        ({"sampleRate": 10**9}, "sampleRate"),
    ],
)
def test_a_voice_that_cannot_be_carried_is_refused_when_it_is_read(change: dict[str, object], field: str) -> None:
    voice = {"model": "bulbul:v3", "speaker": "priya", "language": "en-IN", **change}
    config = {"name": "Asha", "voice": voice, "greeting": "", "promptUpdatedAt": 1}
    with pytest.raises(msgspec.ValidationError, match=rf"\$\.voice\.{field}"):
        msgspec.convert(config, AgentConfig)
