"""Spoken phrases."""

import contextlib
import struct
from collections.abc import AsyncGenerator, AsyncIterator

import msgspec

from warmline.cache import Found, Key, Listening, Source, Streams
from warmline.errors import TooLarge, UpstreamRejected
from warmline.services import folding, groups
from warmline.services.accounts import Accounts
from warmline.upstream.ports import Synthesiser, Voice


class Speech:
    """Speaks texts in an agent's voice. What was spoken once is spoken again without asking the provider."""

    def __init__(self, synthesiser: Synthesiser, *, phrases: Streams, accounts: Accounts) -> None:
        self._synthesiser = synthesiser
        self._phrases = phrases
        self._accounts = accounts

    @property
    def provider(self) -> str:
        """Who speaks, as it is named in errors and metrics."""
        return self._synthesiser.name

    @contextlib.asynccontextmanager
    async def stream(self, organisation: str, agent: str, voice: Voice, text: str) -> AsyncIterator[Listening]:
        """Headerless s16le mono PCM at the voice's sample rate, chunk by chunk as it comes.
        Raises TooLarge when the provider would not take the text. Iterating raises UpstreamError when the provider
        had to be asked and failed, SpendLimitReached when it may not be asked. Leaving early takes the audio from
        nobody else who hears it.
        """
        text = _said(text)
        longest = self._synthesiser.longest_text(voice)
        if len(text) > longest:
            raise TooLarge(f"{len(text)} characters; {voice.model} speaks at most {longest}", field="text")
        key = phrase_key(self._synthesiser.name, organisation, agent, voice, text)
        price = self._accounts.prices.speech(voice.model, len(text))
        async with self._phrases.get_or_stream(key, lambda: self._load(organisation, voice, text, price)) as listening:
            try:
                yield listening
            finally:
                self._accounts.answered(organisation, "tts", listening.source, price)

    async def speak(self, organisation: str, agent: str, voice: Voice, text: str) -> Found[bytes]:
        """The same as a whole. Raises TooLarge, UpstreamError, SpendLimitReached."""
        async with self.stream(organisation, agent, voice, text) as listening:
            audio = b"".join([chunk async for chunk in listening])
        if not audio:
            raise UpstreamRejected(self._synthesiser.name, "no audio")
        return Found(audio, listening.source or Source.ORIGIN)

    async def peek(self, organisation: str, agent: str, voice: Voice, text: str) -> Found[bytes | None] | None:
        """The whole from the caches alone; None if the provider would have to be asked."""
        return await self._phrases.peek(phrase_key(self._synthesiser.name, organisation, agent, voice, _said(text)))

    async def _load(self, organisation: str, voice: Voice, text: str, price: int) -> AsyncGenerator[bytes, None]:
        with self._accounts.paying(organisation, "tts", price):
            async with contextlib.aclosing(self._synthesiser.stream(text, voice)) as chunks:
                async for chunk in chunks:
                    yield chunk


def _said(text: str) -> str:
    """What is keyed, counted and given to the provider: one form of all canonically equivalent texts."""
    return folding.composed(text)


def phrase_key(provider: str, organisation: str, agent: str, voice: Voice, text: str) -> Key:
    """Everything that changes how the text sounds; and the agent, so that its phrases can be told from another's."""
    settings = tuple("" if value is None else str(value) for value in msgspec.structs.astuple(voice))
    belongs_to = (groups.organisation(organisation), groups.agent(organisation, agent))
    return Key("tts", organisation, (agent, provider, *settings, text), belongs_to)


def wave_header(length: int, sample_rate: int) -> bytes:
    """The 44 bytes that make `length` bytes of s16le mono PCM a WAVE file (RIFF, format 1)."""
    byte_rate = sample_rate * 2
    return struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        b"RIFF",
        36 + length,
        b"WAVE",
        b"fmt ",
        16,
        1,
        1,
        sample_rate,
        byte_rate,
        2,
        16,
        b"data",
        length,
    )
