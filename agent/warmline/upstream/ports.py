"""What the services need of the providers, in the services' own words."""

from collections.abc import AsyncGenerator
from typing import Annotated, Literal, Protocol, TypeVar

import msgspec

T = TypeVar("T")


Setting = Annotated[float, msgspec.Meta(ge=-100, le=100)]
"""Far beyond what any provider takes, which each decides by itself; what is larger is no setting, and no number to
reckon with."""


VoiceName = Annotated[str, msgspec.Meta(max_length=200)]
"""Longer than any provider's; what is longer would be in every line of the log, and in what a socket is opened with."""


class Voice(msgspec.Struct, frozen=True, rename="camel"):
    """Every setting that changes how a text sounds. All of them are part of the phrase's cache key.

    `sample_rate` is in hertz; `pace` 1.0 is the speaker's own; None means the provider's default. Of the codecs only
    those are taken that carry samples as they are: nothing here decodes another.
    """

    model: VoiceName
    speaker: VoiceName
    language: VoiceName
    sample_rate: Annotated[int, msgspec.Meta(ge=8000, le=48000)] = 22050
    codec: Literal["linear16", "wav"] = "linear16"
    pace: Setting | None = None
    pitch: Setting | None = None
    loudness: Setting | None = None
    temperature: Setting | None = None
    dictionary: VoiceName | None = None
    dictionary_version: VoiceName | None = None


class Synthesiser(Protocol):
    """Turns text into speech."""

    name: str

    def stream(self, text: str, voice: Voice) -> AsyncGenerator[bytes, None]:
        """Headerless signed 16-bit little-endian mono PCM at the voice's sample rate, as it comes, in whole samples.

        It ends normally only after the provider said that the audio is complete; otherwise it raises UpstreamError.
        Closing it early abandons the provider's work. Parts of a text that hold nothing to speak are left out.
        """

    def longest_text(self, voice: Voice) -> int:
        """Characters that it speaks as one text, in however many calls."""


class Functions(Protocol):
    """Calls the application's own functions at the data provider. `args` name the `organisation` that they are for."""

    name: str

    async def query(self, path: str, args: dict[str, str | int], returns: type[T]) -> T | None:
        """What a read-only function returned, as `returns`; None for null. Raises UpstreamError."""

    async def action(self, path: str, args: dict[str, str | int], returns: type[T]) -> T | None:
        """The same for a function that may call out, such as a vector search."""
