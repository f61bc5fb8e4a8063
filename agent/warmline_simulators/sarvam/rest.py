"""`POST /text-to-speech`, one JSON answer when all is spoken, and `POST /text-to-speech/stream`, audio as it comes."""

import asyncio
import base64
import uuid
from collections.abc import AsyncIterator
from typing import Annotated

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, StreamingResponse

from warmline_simulators.calls import Calls
from warmline_simulators.faults import Faults
from warmline_simulators.sarvam.account import SarvamAccount
from warmline_simulators.sarvam.audio import chunks, tone, wave_file
from warmline_simulators.sarvam.faults import Slip, refuse
from warmline_simulators.sarvam.options import SarvamOptions
from warmline_simulators.sarvam.refused import SpeechRefused, unprocessable
from warmline_simulators.sarvam.rules import check_text
from warmline_simulators.sarvam.voice import (
    RATES,
    STREAMED_RATES,
    CheckedVoice,
    VoiceSettings,
    checked,
    known_model,
    longest_text,
)

STREAMED_LONGEST = 3500


class _Asked(VoiceSettings, kw_only=True):
    text: Annotated[str, msgspec.Meta(min_length=1)]


class Rest:
    """The two endpoints."""

    def __init__(self, options: SarvamOptions, *, account: SarvamAccount, faults: Faults, calls: Calls) -> None:
        self._options = options
        self._account = account
        self._faults = faults
        self._calls = calls

    async def speak(self, request: Request) -> JSONResponse:
        """One text → one audio, base64 in JSON."""
        self._account.request(request.headers)
        refuse(self._faults, "rest")
        text, voice = _parsed(await request.body(), RATES, lenient=self._options.lenient)
        _check_length(text, longest_text(voice.model))
        self._count("text-to-speech", text)
        await asyncio.sleep(self._options.speech)
        audio = base64.b64encode(_audio(text, voice)).decode("ascii")
        return JSONResponse({"request_id": uuid.uuid4().hex, "audios": [audio]})

    async def stream(self, request: Request) -> StreamingResponse:
        """One text → the bytes of its audio in chunks."""
        self._account.request(request.headers)
        refuse(self._faults, "stream")
        text, voice = _parsed(await request.body(), STREAMED_RATES, lenient=self._options.lenient)
        _check_length(text, STREAMED_LONGEST)
        self._count("text-to-speech/stream", text)
        return StreamingResponse(self._paced(_audio(text, voice), voice.rate), media_type=f"audio/{voice.codec}")

    async def _paced(self, audio: bytes, rate: int) -> AsyncIterator[bytes]:
        slip = self._faults.take(Slip, "stream")
        for number, chunk in enumerate(chunks(audio, rate, self._options.chunk)):
            if slip is not None and number == slip.after_chunks:
                raise ConnectionAbortedError("a test wants this stream to be cut")
            await asyncio.sleep(self._options.wait_before(number))
            yield chunk

    def _count(self, kind: str, text: str) -> None:
        self._calls.add(kind)
        self._calls.add("characters", len(text))


def _parsed(body: bytes, rates: tuple[int, ...], *, lenient: bool) -> tuple[str, CheckedVoice]:
    try:
        asked = msgspec.json.decode(body, type=_Asked)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise unprocessable(str(error)) from error
    model = known_model(asked.model or "bulbul:v3")
    rates = rates if model != "bulbul:v2" else STREAMED_RATES
    voice = checked(asked, model=model, codec="wav", rates=rates, lenient=lenient)
    if not lenient:
        check_text(asked.text)
    return asked.text, voice


def _check_length(text: str, longest: int) -> None:
    if len(text) > longest:
        raise SpeechRefused(413, "invalid_request_error", f"text exceeds {longest} characters")


def _audio(text: str, voice: CheckedVoice) -> bytes:
    pcm = tone(text, voice.rate)
    return pcm if voice.codec == "linear16" else wave_file(pcm, voice.rate)
