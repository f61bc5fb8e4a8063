"""Sarvam text to speech, over its REST API.

Protocol: POST /text-to-speech with the header `api-subscription-key`; what it answers is read in `spoken.py`. One call
holds 2,500 characters, with bulbul:v2 1,500: a longer text is several calls.
"""

from collections.abc import AsyncGenerator, Callable

import aiohttp

from warmline.upstream.decoding import body, forget_values
from warmline.upstream.pieces import pieces
from warmline.upstream.ports import Voice
from warmline.upstream.posts import Posts
from warmline.upstream.sarvam.frames import settings
from warmline.upstream.sarvam.spoken import decode_speech
from warmline_cache.errors import UpstreamError, UpstreamUnavailable

OnSpeech = Callable[[str, int], None]
"""Told of a transport, `socket` or `rest`, and of how many characters the provider has spoken there."""

LONGEST_TEXT = 5000
"""Characters that are spoken as one text: some six minutes, which load in less than two."""

_LONGEST_CALL = {"bulbul:v2": 1500}
_LONGEST_CALL_DEFAULT = 2500

_MOST_BYTES = 64 * 1024 * 1024
"""Of an answer: twice what the longest call makes at 48,000 Hz and half the pace, in base64."""


def longest_call(voice: Voice) -> int:
    """Characters that one call, or one message on a socket, may hold."""
    return _LONGEST_CALL.get(voice.model, _LONGEST_CALL_DEFAULT)


class Sarvam:
    """One account. Borrows the HTTP sessions; never retries by itself, for a caller would hear the wait, but for
    a connection that `Posts` finds dead.

    `timeout` is seconds for a whole call; `language_field` as in `frames.settings`; `on_speech` hears of each success.
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
        on_speech: OnSpeech = lambda transport, characters: None,
    ) -> None:
        self._http = http
        self._url = url.rstrip("/")
        self._headers = {"api-subscription-key": key}
        self._timeout = aiohttp.ClientTimeout(total=timeout)
        self._language_field = language_field
        self._on_speech = on_speech

    def longest_text(self, voice: Voice) -> int:
        """See `ports.Synthesiser.longest_text`."""
        return LONGEST_TEXT

    async def stream(self, text: str, voice: Voice) -> AsyncGenerator[bytes, None]:
        """See `ports.Synthesiser.stream`: a chunk for each call, for this API answers when all is spoken."""
        for piece in pieces(text, longest_call(voice)):
            yield await self.synthesise(piece, voice)

    async def synthesise(self, text: str, voice: Voice) -> bytes:
        """The whole audio of what one call may hold. Raises UpstreamError."""
        try:
            pcm = decode_speech(self.name, *await self._post(text, voice), voice.sample_rate)
        except UpstreamError as error:
            forget_values(error)
            raise
        self._on_speech("rest", len(text))
        return pcm

    async def _post(self, text: str, voice: Voice) -> tuple[int, bytes]:
        """Status and body."""
        try:
            async with self._http.post(
                f"{self._url}/text-to-speech",
                json={"text": text, **settings(voice, self._language_field)},
                headers=self._headers,
                timeout=self._timeout,
                allow_redirects=False,  # the key is for nobody else
            ) as response:
                return response.status, await body(response, upstream=self.name, most=_MOST_BYTES)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise UpstreamUnavailable(self.name, str(error) or type(error).__name__) from error
