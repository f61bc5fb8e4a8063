"""Spoken phrases."""

import contextlib
import struct
import unicodedata
from collections.abc import AsyncGenerator, AsyncIterator

import msgspec

from warmline.accounts.accounts import Accounts
from warmline.errors import InvalidInput, TooLarge, UpstreamRejected
from warmline.services import folding, groups
from warmline.upstream.pieces import speakable
from warmline.upstream.ports import Synthesiser, Voice
from warmline_cache import Found, Key, Listening, Source, Streams

_KEPT_BYTES = 16 * 1024 * 1024
"""What the caches keep of a stream under way, and for a listener who hears it at its own pace."""

_SECONDS_PER_CHARACTER = 0.08
"""At a speaker's own pace, with something to spare."""

_SECONDS_PER_NUMBER = 0.5
"""Of each digit, which is a word: "7" is "seven"."""

_SLOWEST = 0.3
"""The least pace that a provider knows; what is less it will refuse."""

_BABBLE_SECONDS, _BABBLE_TIMES = 60, 4
"""How much longer than that, and how many times as long, what is spoken may be before it is no longer the text. A
stream that never ended took a worker 15 MB a second, for two minutes."""

_SAMPLE_BYTES = 2
_SHORTEST_SECONDS = 0.01
_SILENT = 8
"""Samples that differ by no more than this, some -72 dB, are nobody's voice."""

_MOST_MARKS = 30
"""Behind one letter: no language has more (Unicode Standard Annex 15, chapter 13), and to put them in order takes the
square of their number."""

_LONGEST_COMPOSED = 20_000
"""Characters; composing makes four into one at most, and a text of 5,000 is too long to be spoken."""

_PART = 1000
"""Samples that are looked at together."""


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

        Raises InvalidInput when the text holds nothing to speak, TooLarge when it is too long to be spoken. Iterating
        raises UpstreamError when the provider had to be asked and failed, SpendLimitReached when it may not be asked.
        Leaving early takes the audio from nobody else who hears it.
        """
        text = _compose(text)
        self._check(text, voice)
        key = phrase_key(self._synthesiser.name, organisation, agent, voice, text)
        price = self._accounts.prices.speech(voice.model, len(text))
        async with self._phrases.get_or_stream(key, lambda: self._load(organisation, voice, text, price)) as listening:
            try:
                yield listening
            finally:
                self._accounts.record_lookup(organisation, "tts", listening.source, price)

    async def speak(self, organisation: str, agent: str, voice: Voice, text: str) -> Found[bytes]:
        """The same as a whole. Raises InvalidInput, TooLarge, UpstreamError, SpendLimitReached."""
        async with self.stream(organisation, agent, voice, text) as listening:
            audio = b"".join([chunk async for chunk in listening])
        if not audio:
            raise UpstreamRejected(self._synthesiser.name, "no audio")
        return Found(audio, listening.source or Source.ORIGIN)

    async def peek(self, organisation: str, agent: str, voice: Voice, text: str) -> Found[bytes | None] | None:
        """The whole from the caches alone; None if the provider would have to be asked."""
        return await self._phrases.peek(phrase_key(self._synthesiser.name, organisation, agent, voice, _compose(text)))

    def _check(self, text: str, voice: Voice) -> None:
        longest = self._synthesiser.longest_text(voice)
        if len(text) <= longest:  # or to look at each of its characters would take longer than anybody can wait
            if not speakable(text):
                raise InvalidInput("holds no letter and no number that could be spoken", field="text")
            longest = min(longest, _longest_kept(text, voice))
        if len(text) > longest:
            raise TooLarge(
                f"{len(text)} characters; of such a text at most {longest} are spoken in this voice", field="text"
            )

    async def _load(self, organisation: str, voice: Voice, text: str, price: int) -> AsyncGenerator[bytes, None]:
        """Raises UpstreamRejected at the end, so that it is not kept, if nothing was heard; before it, if there is more
        than the text can be."""
        samples, silent, most = 0, True, _most_samples(text, voice)
        with self._accounts.pay(organisation, "tts", price):
            async with contextlib.aclosing(self._synthesiser.stream(text, voice)) as chunks:
                async for chunk in chunks:
                    samples += len(chunk) // _SAMPLE_BYTES
                    if samples > most:
                        raise UpstreamRejected(self._synthesiser.name, f"more than {most} samples of a text so short")
                    silent = silent and _silence(chunk)
                    yield chunk
        if silent or samples < voice.sample_rate * _SHORTEST_SECONDS:
            raise UpstreamRejected(self._synthesiser.name, f"{samples} samples in which nothing is heard")


def _longest_kept(text: str, voice: Voice) -> int:
    """Characters of such a text whose audio the caches keep while it comes."""
    seconds = _seconds(text) / max(voice.pace or 1.0, _SLOWEST)
    return int(len(text) * _KEPT_BYTES / (voice.sample_rate * _SAMPLE_BYTES * seconds))


def _most_samples(text: str, voice: Voice) -> int:
    """Of what can still be taken for the text, however slowly it is said."""
    seconds = _BABBLE_SECONDS + _BABBLE_TIMES * _seconds(text) / max(voice.pace or 1.0, _SLOWEST)
    return min(int(voice.sample_rate * seconds), 2 * _KEPT_BYTES // _SAMPLE_BYTES)


def _seconds(text: str) -> float:
    """How long it takes to say it at a speaker's own pace, at most."""
    numbers = sum(character.isnumeric() for character in text)
    return numbers * _SECONDS_PER_NUMBER + (len(text) - numbers) * _SECONDS_PER_CHARACTER


def _silence(pcm: bytes) -> bool:
    """Whether no sample differs much from its neighbours; who speaks is found out by the first few that do."""
    if pcm.count(0) == len(pcm):
        return True
    samples = memoryview(pcm).cast("h")
    parts = (samples[at : at + _PART] for at in range(0, len(samples), _PART))
    return all(max(part) - min(part) <= _SILENT for part in parts)


def _compose(text: str) -> str:
    """What is keyed, counted and given to the provider: one form of all canonically equivalent texts, unless it would
    take longer to find than anybody can wait. Those are in no language, or longer than what is spoken."""
    text = " ".join(text.split())
    return text if len(text) > _LONGEST_COMPOSED or _endless_marks(text) else folding.compose(text)


def _endless_marks(text: str) -> bool:
    run = 0
    for character in "" if text.isascii() else text:
        run = run + 1 if unicodedata.combining(character) else 0
        if run > _MOST_MARKS:
            return True
    return False


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
