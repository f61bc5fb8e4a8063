"""What tells one spoken phrase from another, and the file it is put in."""

import io
import wave

import msgspec
import pytest

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


def test_the_header_makes_pcm_the_file_that_the_standard_library_would_write() -> None:
    pcm = b"\x01\x02" * 1000
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setparams((1, 2, 22050, 1000, "NONE", "not compressed"))
        writer.writeframes(pcm)
    assert wave_header(len(pcm), 22050) + pcm == file.getvalue()
