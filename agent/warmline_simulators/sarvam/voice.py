"""The settings that every transport takes, and which of them the provider accepts.

Both names of the language field are in use by current clients, sample rates come as numbers and as strings, and clients
send null for what they do not set: all of that is taken. What goes beyond the form of a request is in `rules.py`.
"""

import re
from dataclasses import dataclass

from warmline_simulators.sarvam.refused import invalid, unprocessable
from warmline_simulators.sarvam.rules import Tuning, check_tuning

SPEAKERS = {
    "bulbul:v2": "anushka manisha vidya arya abhilash karun hitesh".split(),
    "bulbul:v3": (
        "shubh aditya ritu priya neha rahul pooja rohan simran kavya amit dev ishita shreya ratan varun manan sumit "
        "roopa kabir aayan ashutosh advait anand tanya tarun sunny mani gokul vijay shruti suhani mohit kavitha rehan "
        "soham rupali"
    ).split(),
    "bulbul:v4-flash": ["shubh_enhi_ads"],
}
_PERSONA = re.compile(r"[a-z]+_[a-z]{2,4}(_[a-z]+)+")
"""bulbul:v4-flash has more than two hundred speakers of this form, `<name>_<language>_<style>`."""

LANGUAGES = "bn-IN en-IN gu-IN hi-IN kn-IN ml-IN mr-IN od-IN pa-IN ta-IN te-IN".split()
STREAMED_RATES = (8000, 16000, 22050, 24000)
"""Of a stream and a socket, and of bulbul:v2 on all transports (docs.sarvam.ai, "How to set the sample rate")."""

RATES = (*STREAMED_RATES, 32000, 44100, 48000)
CODECS = ("linear16", "wav")
"""The others would need an encoder; asking for one is refused, and says so."""


class VoiceSettings(Tuning, kw_only=True):
    """As they are on the wire."""

    target_language_code: str | None = None
    language_code: str | None = None
    speaker: str | None = None
    model: str | None = None
    speech_sample_rate: int | str | None = None
    output_audio_codec: str | None = None
    min_buffer_size: int | None = None
    max_chunk_length: int | None = None


@dataclass(frozen=True, slots=True)
class CheckedVoice:
    """What is left of them, checked."""

    model: str
    rate: int
    codec: str


LONGEST = {"bulbul:v2": 1500}
LONGEST_DEFAULT = 2500


def longest_text(model: str) -> int:
    """Characters of one call, or of one message on a socket (docs.sarvam.ai, "Which Text-to-Speech API to Use"; of
    bulbul:v2, "Text to Speech")."""
    return LONGEST.get(model, LONGEST_DEFAULT)


def known_model(model: str) -> str:
    """The model, if there is such a one. Raises SpeechRefused."""
    if model not in SPEAKERS:
        raise invalid(f"Model '{model}' does not exist")
    return model


def checked(
    asked: VoiceSettings, *, model: str, codec: str, rates: tuple[int, ...], lenient: bool, socket: bool = False
) -> CheckedVoice:
    """The voice of these settings; `codec` is the transport's default. Raises SpeechRefused."""
    _check_language(asked)
    _check_speaker(asked.speaker, model)
    if not lenient:
        check_tuning(asked, model, socket=socket)
    rate = _rate(asked.speech_sample_rate, rates)
    codec = asked.output_audio_codec or codec
    if codec not in CODECS:
        raise invalid(f"codec '{codec}' is not simulated; ask for one of {', '.join(CODECS)}")
    return CheckedVoice(model, rate, codec)


def _check_language(asked: VoiceSettings) -> None:
    language = asked.target_language_code or asked.language_code
    if language not in LANGUAGES:
        raise unprocessable(f"language {language!r} is not one of {', '.join(LANGUAGES)}")


def _check_speaker(speaker: str | None, model: str) -> None:
    names = SPEAKERS[model]
    if speaker is None or speaker in names or (model == "bulbul:v4-flash" and _PERSONA.fullmatch(speaker)):
        return
    raise invalid(
        f"Speaker '{speaker}' is not compatible with model {model}. Available speakers are: {', '.join(names)}"
    )


def _rate(asked: int | str | None, rates: tuple[int, ...]) -> int:
    rate = 24000 if asked is None else asked
    if str(rate) not in map(str, rates):
        raise unprocessable(f"speech_sample_rate must be one of {', '.join(map(str, rates))}")
    return int(rate)
