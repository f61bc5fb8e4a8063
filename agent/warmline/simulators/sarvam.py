"""Sarvam's REST text to speech.

`POST /text-to-speech`, key in `api-subscription-key` (any key that is not empty is a good one, save "exhausted", whose
account has no credit left). The audio is made from the text: a tone of its own for each character, so that a test can
tell which text was spoken, `SECONDS_PER_CHARACTER` each.
"""

import array
import asyncio
import base64
import io
import math
import uuid
import wave
from functools import lru_cache
from typing import Annotated

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from warmline.simulators.calls import Calls

SECONDS_PER_CHARACTER = 0.06
SPEAKERS = {
    "bulbul:v2": "anushka manisha vidya arya abhilash karun hitesh".split(),
    "bulbul:v3": (
        "shubh aditya ritu priya neha rahul pooja rohan simran kavya amit dev ishita shreya ratan varun manan sumit "
        "roopa kabir aayan ashutosh advait anand tanya tarun sunny mani gokul vijay shruti suhani mohit kavitha rehan "
        "soham rupali"
    ).split(),
}
LANGUAGES = "bn-IN en-IN gu-IN hi-IN kn-IN ml-IN mr-IN od-IN pa-IN ta-IN te-IN".split()
LONGEST = {"bulbul:v2": 1500, "bulbul:v3": 2500}
RATES = (8000, 16000, 22050, 24000, 32000, 44100, 48000)


class _Request(msgspec.Struct):
    """Both names of the language field are in use by current clients; either will do."""

    text: Annotated[str, msgspec.Meta(min_length=1)]
    target_language_code: str | None = None
    language_code: str | None = None
    model: str = "bulbul:v3"
    speaker: str | None = None
    speech_sample_rate: int | str = 24000
    output_audio_codec: str = "wav"
    pace: float | None = None


class _Refused(Exception):
    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


class SarvamSimulator:
    """One account. `speech_seconds` is the time every synthesis takes."""

    def __init__(self, *, speech_seconds: float) -> None:
        self._speech_seconds = speech_seconds
        self._calls = Calls()

    def app(self) -> Starlette:
        """The provider's paths."""
        return Starlette(
            routes=[Route("/text-to-speech", self.speak, methods=["POST"]), self._calls.route()],
            exception_handlers={_Refused: _refusal},
        )

    async def speak(self, request: Request) -> JSONResponse:
        """One text → one audio, base64 in JSON."""
        _authenticate(request.headers.get("api-subscription-key", ""))
        asked = _parsed(await request.body())
        self._calls.add("text-to-speech")
        await asyncio.sleep(self._speech_seconds)
        pcm = tone(asked.text, int(asked.speech_sample_rate))
        audio = pcm if asked.output_audio_codec == "linear16" else _wave(pcm, int(asked.speech_sample_rate))
        return JSONResponse({"request_id": uuid.uuid4().hex, "audios": [base64.b64encode(audio).decode("ascii")]})


def tone(text: str, rate: int) -> bytes:
    """The audio of `text`: s16le mono, a sine for each character, of 200 Hz plus its code point modulo 997."""
    return b"".join(_sine(200 + ord(character) % 997, rate) for character in text)


@lru_cache(maxsize=512)
def _sine(pitch: int, rate: int) -> bytes:
    step = 2 * math.pi * pitch / rate
    return array.array(
        "h", (int(8000 * math.sin(step * i)) for i in range(int(rate * SECONDS_PER_CHARACTER)))
    ).tobytes()


def _authenticate(key: str) -> None:
    if not key:
        raise _Refused(403, "invalid_api_key_error", "Invalid or missing API key")
    if key == "exhausted":
        raise _Refused(429, "insufficient_quota_error", "No credits available")


def _parsed(body: bytes) -> _Request:
    try:
        asked = msgspec.json.decode(body, type=_Request)
    except msgspec.DecodeError as error:
        raise _Refused(422, "unprocessable_entity_error", str(error)) from error
    _check_voice(asked)
    if asked.output_audio_codec not in {"wav", "linear16"}:
        raise _Refused(400, "invalid_request_error", f"codec {asked.output_audio_codec!r} is not simulated")
    return asked


def _check_voice(asked: _Request) -> None:
    if asked.model not in SPEAKERS:
        raise _Refused(400, "invalid_request_error", f"Model '{asked.model}' does not exist")
    speaker = asked.speaker or SPEAKERS[asked.model][0]
    if speaker not in SPEAKERS[asked.model]:
        names = ", ".join(SPEAKERS[asked.model])
        raise _Refused(
            400,
            "invalid_request_error",
            f"Speaker '{speaker}' is not compatible with model {asked.model}. Available speakers are: {names}",
        )
    language = asked.target_language_code or asked.language_code
    if language not in LANGUAGES:
        raise _Refused(422, "unprocessable_entity_error", f"language {language!r} is not one of {', '.join(LANGUAGES)}")
    if len(asked.text) > LONGEST[asked.model]:
        raise _Refused(413, "invalid_request_error", f"text exceeds {LONGEST[asked.model]} characters")
    if str(asked.speech_sample_rate) not in map(str, RATES):
        raise _Refused(422, "unprocessable_entity_error", f"speech_sample_rate must be one of {RATES}")


def _wave(pcm: bytes, rate: int) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(rate)
        writer.writeframes(pcm)
    return file.getvalue()


async def _refusal(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, _Refused)
    return JSONResponse({"error": {"message": error.message, "code": error.code}}, status_code=error.status)
