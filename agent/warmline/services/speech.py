"""Spoken phrases."""

import struct

import msgspec

from warmline.cache import Cache, Found, Key
from warmline.errors import TooLarge, UpstreamRejected
from warmline.services import groups
from warmline.upstream.ports import Synthesiser, Voice


class Speech:
    """Speaks texts in an agent's voice. What was spoken once is spoken again without asking the provider."""

    def __init__(self, synthesiser: Synthesiser, *, phrases: Cache[bytes]) -> None:
        self._synthesiser = synthesiser
        self._phrases = phrases

    async def speak(self, organisation: str, agent: str, voice: Voice, text: str) -> Found[bytes]:
        """Headerless s16le mono PCM at the voice's sample rate.

        Raises TooLarge when the provider would not take the text, UpstreamError when it had to be asked and failed.
        """
        text = " ".join(text.split())
        longest = self._synthesiser.longest_text(voice)
        if len(text) > longest:
            raise TooLarge(f"{len(text)} characters; {voice.model} speaks at most {longest}", field="text")
        found = await self._phrases.get_or_load(
            phrase_key(self._synthesiser.name, organisation, agent, voice, text),
            lambda: self._synthesiser.synthesise(text, voice),
        )
        if found.value is None:
            raise UpstreamRejected(self._synthesiser.name, "no audio")
        return Found(found.value, found.source)


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
