"""What the provider refuses of a request whose form is right, each with where that is known from.

A double that takes what the real one refuses lets a mistake pass every test: these rules hold unless the simulator was
started with `--lenient`. Statuses are those that were reported; where none was, 422 for a number out of its documented
range and 400 for what does not go together.
"""

import unicodedata

import msgspec

from warmline_simulators.sarvam.refused import invalid, unprocessable

_PACE = (0.3, 3.0)
_PACE_BUT_V2 = (0.5, 2.0)
_PITCH = (-0.75, 0.75)
_LOUDNESS = (0.3, 3.0)
_TEMPERATURE = (0.01, 1.0)
_BITRATES = ("32k", "64k", "96k", "128k", "192k")
_NEUTRAL = {"pitch": 0.0, "loudness": 1.0}


class Tuning(msgspec.Struct, kw_only=True):
    """The settings that only these rules look at: nothing of the simulated audio depends on them."""

    pace: float | None = None
    pitch: float | None = None
    loudness: float | None = None
    temperature: float | None = None
    dict_id: str | None = None
    output_audio_bitrate: str | None = None


def check_text(text: str) -> None:
    """Something to speak: a letter or a number. On all transports, for bulbul:v2 and v3 (github.com/dograh-hq/pipecat,
    pull request 45, where each kind of text was tried against the provider)."""
    if not any(unicodedata.category(character)[0] in "LN" for character in text):
        raise invalid("Text must contain at least one character from the allowed languages.")


def check_tuning(asked: Tuning, model: str, *, socket: bool) -> None:
    """All of the others. Raises SpeechRefused."""
    _check_pace(asked.pace, model)
    _check_pitch_and_loudness(asked, model, socket=socket)
    _check_range("temperature", asked.temperature, *_TEMPERATURE)  # docs.sarvam.ai, "Text to Speech": bulbul:v3
    if asked.dict_id is not None and model == "bulbul:v2":  # docs.sarvam.ai, "Pronunciation Dictionary: Create"
        raise invalid("Pronunciation dictionaries are not supported for the Bulbul V2 model.")
    if asked.output_audio_bitrate not in {None, *_BITRATES}:  # docs.sarvam.ai, "REST Stream" and "WebSocket"
        raise unprocessable(f"output_audio_bitrate must be one of {', '.join(_BITRATES)}")


def _check_pace(pace: float | None, model: str) -> None:
    """docs.sarvam.ai, "How to adjust the pace"; the status and the words: github.com/livekit/agents, issue 6774."""
    _check_range("pace", pace, *_PACE)
    slowest, fastest = _PACE if model == "bulbul:v2" else _PACE_BUT_V2
    if pace is not None and not slowest <= pace <= fastest:
        raise invalid(f"For the {_spoken(model)} model, pace should be between {slowest} and {fastest}")


def _check_pitch_and_loudness(asked: Tuning, model: str, *, socket: bool) -> None:
    """Not with bulbul:v3, be it at their defaults: github.com/sarvamai/sarvam-mcp, issue 79. On a socket the official
    client sends the defaults of both whatever the model (sarvamai 0.1.39, `configure`), so there they pass."""
    given = {name: value for name in _NEUTRAL if (value := getattr(asked, name)) is not None}
    if model == "bulbul:v3" and given and not (socket and given.items() <= _NEUTRAL.items()):
        raise invalid(
            "Pitch and loudness parameters are currently not supported for the Bulbul V3 model. "
            "Please do not pass these values."
        )
    _check_range("pitch", asked.pitch, *_PITCH)  # docs.sarvam.ai, "How to adjust the pitch (tone)"
    _check_range("loudness", asked.loudness, *_LOUDNESS)  # docs.sarvam.ai, "REST Stream"


def _check_range(name: str, value: float | None, least: float, most: float) -> None:
    if value is not None and not least <= value <= most:
        raise unprocessable(f"{name} must be between {least} and {most}")


def _spoken(model: str) -> str:
    name, _, version = model.partition(":")
    return f"{name.capitalize()} {version.upper()}"
