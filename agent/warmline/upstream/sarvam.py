"""Sarvam text to speech, over its REST API.

Protocol: POST /text-to-speech with the header `api-subscription-key`; 200 is `{"request_id", "audios": [base64]}`, one
audio for each input; errors are `{"error": {"message", "code"}}`, where 429 means either a rate limit or used-up
credit, told apart by the code. `linear16` is headerless s16le mono, though some releases sent a WAVE file all the same.
"""

import io
import wave
from collections.abc import AsyncGenerator, Callable

import aiohttp
import msgspec

from warmline.errors import UpstreamError, UpstreamExhausted, UpstreamRejected, UpstreamUnavailable
from warmline.upstream.frames import EXHAUSTED, RETRYABLE, settings
from warmline.upstream.ports import Voice
from warmline.upstream.posts import Posts

Billed = Callable[[str, int], None]
"""Told of a transport, `socket` or `rest`, and of how many characters the provider has spoken there."""

_LONGEST = {"bulbul:v2": 1500}
_LONGEST_DEFAULT = 2500


class _Success(msgspec.Struct):
    audios: list[bytes]


class _Problem(msgspec.Struct):
    message: str = ""
    code: str = ""


class _Failure(msgspec.Struct):
    error: _Problem


class Sarvam:
    """One account. Borrows the HTTP sessions; never retries by itself, for a caller would hear the wait, but for
    a connection that `Posts` finds dead.

    `timeout` is seconds for a whole call; `language_field` as in `frames.settings`; `billed` is told of each success.
    """

    name = "sarvam"

    def __init__(
        self,
        http: aiohttp.ClientSession | Posts,
        url: str,
        *,
        key: str,
        timeout: float,
        language_field: str = "target_language_code",
        billed: Billed = lambda transport, characters: None,
    ) -> None:
        self._http = http
        self._url = url.rstrip("/")
        self._headers = {"api-subscription-key": key}
        self._timeout = aiohttp.ClientTimeout(total=timeout)
        self._language_field = language_field
        self._billed = billed

    def longest_text(self, voice: Voice) -> int:
        """See `ports.Synthesiser.longest_text`."""
        return _LONGEST.get(voice.model, _LONGEST_DEFAULT)

    async def stream(self, text: str, voice: Voice) -> AsyncGenerator[bytes, None]:
        """See `ports.Synthesiser.stream`: one chunk, for this API answers when all is spoken."""
        yield await self.synthesise(text, voice)

    async def synthesise(self, text: str, voice: Voice) -> bytes:
        """The whole audio. Raises UpstreamError."""
        try:
            async with self._http.post(
                f"{self._url}/text-to-speech",
                json={"text": text, **settings(voice, self._language_field)},
                headers=self._headers,
                timeout=self._timeout,
            ) as response:
                status, raw = response.status, await response.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise UpstreamUnavailable(self.name, str(error) or type(error).__name__) from error
        if status != 200:
            raise self._failure(status, raw)
        self._billed("rest", len(text))
        return self._audio(raw)

    def _audio(self, raw: bytes) -> bytes:
        try:
            audio = msgspec.json.decode(raw, type=_Success).audios[0]
            pcm = _without_wave_header(audio)
        except (msgspec.DecodeError, IndexError, wave.Error, EOFError) as error:
            raise UpstreamRejected(self.name, "the answer holds no audio we can read") from error
        if not pcm or len(pcm) % 2:
            raise UpstreamRejected(self.name, f"the answer holds {len(pcm)} bytes, not whole 16-bit samples")
        return pcm

    def _failure(self, status: int, raw: bytes) -> UpstreamError:
        try:
            problem = msgspec.json.decode(raw, type=_Failure).error
        except msgspec.DecodeError:
            problem = _Problem(message="no error object in the answer")
        detail = f"HTTP {status} {problem.code}: {problem.message}"
        if problem.code in EXHAUSTED:
            return UpstreamExhausted(self.name, detail)
        if status in RETRYABLE:
            return UpstreamUnavailable(self.name, detail)
        return UpstreamRejected(self.name, detail)


def _without_wave_header(audio: bytes) -> bytes:
    if not audio.startswith(b"RIFF"):
        return audio
    with wave.open(io.BytesIO(audio)) as reader:
        return bytes(reader.readframes(reader.getnframes()))
