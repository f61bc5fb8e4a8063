"""What tells one spoken phrase from another, and the file it is put in."""

import io
import unicodedata
import wave

import msgspec
import pytest

from tests.support.sessions import Switchboard
from warmline.services.speech import phrase_key, wave_header
from warmline.upstream.ports import Voice

VOICE = Voice(model="bulbul:v3", speaker="priya", language="en-IN")
OTHER = {
    "model": "bulbul:v2",
    "speaker": "rohan",
    "language": "hi-IN",
    "sample_rate": 16000,
    "codec": "mulaw",
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


@pytest.mark.parametrize(
    "text",
    [
        "\u0958लम",
        "क\u093cलम",
        "caf\u00e9",
        "cafe\u0301",
        "\u0b95\u0bca",
        "\u0b95\u0bc6\u0bbe",
        "\u0995\u09cb",
        "\u0995\u09c7\u09be",
    ],
)
@pytest.mark.virtual_time
async def test_a_text_composed_otherwise_is_the_same_phrase_and_the_provider_is_given_one_form(
    text: str,
) -> None:
    board = Switchboard()
    speech = board.worker().speech
    for form in ("NFC", "NFD"):
        await speech.speak("sahyadri", "reception", VOICE, f"  {unicodedata.normalize(form, text)}\n")
        found = await speech.peek("sahyadri", "reception", VOICE, text)
        assert found is not None
    assert board.provider.spoken == [unicodedata.normalize("NFC", text)]
    assert await speech.peek("sahyadri", "reception", VOICE, f"{text}!") is None


@pytest.mark.parametrize(("one", "other"), [("5²", "52"), ("ﬁt", "fit"), ("\uff21", "A"), ("Hi", "hi"), ("Hi.", "Hi")])
@pytest.mark.virtual_time
async def test_what_may_sound_different_is_a_phrase_of_its_own(one: str, other: str) -> None:
    board = Switchboard()
    speech = board.worker().speech
    await speech.speak("sahyadri", "reception", VOICE, one)
    await speech.speak("sahyadri", "reception", VOICE, other)
    assert board.provider.spoken == [one, other]


def test_the_header_makes_pcm_the_file_that_the_standard_library_would_write() -> None:
    pcm = b"\x01\x02" * 1000
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setparams((1, 2, 22050, 1000, "NONE", "not compressed"))
        writer.writeframes(pcm)
    assert wave_header(len(pcm), 22050) + pcm == file.getvalue()
