"""What a client says on one socket, and what is to be spoken because of it; no I/O.

The first message is `config`. It may come again at any time: what was buffered is then spoken with the old one. `text`
is buffered until there are `min_buffer_size` characters; `flush` speaks the rest and asks for one completion event,
after all of its audio. `ping` asks for nothing. The model is the one of the handshake, whatever `config` says of it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

import msgspec

from warmline_simulators.sarvam.refused import unprocessable
from warmline_simulators.sarvam.rules import check_text
from warmline_simulators.sarvam.voice import STREAMED_RATES, CheckedVoice, VoiceSettings, checked, longest_text

_SENTENCE = re.compile(r"[^.!?।]*[.!?।]*\s*")


@dataclass(frozen=True, slots=True)
class DueSpeech:
    """Audio is due for this text."""

    text: str
    voice: CheckedVoice


@dataclass(frozen=True, slots=True)
class Complete:
    """All audio of a flush has been said before this."""


class _Config(msgspec.Struct, tag="config"):
    data: VoiceSettings


class _Words(msgspec.Struct):
    text: Annotated[str, msgspec.Meta(min_length=1)]


class _Text(msgspec.Struct, tag="text"):
    data: _Words


class _Flush(msgspec.Struct, tag="flush"):
    pass


class _Ping(msgspec.Struct, tag="ping"):
    pass


@dataclass(frozen=True, slots=True)
class _Session:
    voice: CheckedVoice
    enough: int
    """Characters at which speaking begins without a flush."""
    longest: int
    """Characters that are spoken in one piece."""


class SocketConversation:
    """One socket's state. `model` is known to exist; `lenient` as in `SarvamOptions`."""

    def __init__(self, model: str, *, lenient: bool = False) -> None:
        self._model = model
        self._lenient = lenient
        self._session: _Session | None = None
        self._buffer = ""

    def hear(self, frame: str | bytes) -> list[DueSpeech | Complete]:
        """What has become due. Raises SpeechRefused; the state is then as it was."""
        try:
            message = msgspec.json.decode(frame, type=_Config | _Text | _Flush | _Ping)
        except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
            raise unprocessable(str(error)) from error
        if isinstance(message, _Config):
            return self._configure(message.data)
        if isinstance(message, _Ping):
            return []
        if self._session is None:
            raise unprocessable("the first message must be of type config")
        return self._add(self._session, message.data.text) if isinstance(message, _Text) else self._flush()

    def _configure(self, settings: VoiceSettings) -> list[DueSpeech | Complete]:
        if settings.speaker is None:
            raise unprocessable("speaker is required")
        session = _Session(
            checked(settings, model=self._model, codec="mp3", rates=STREAMED_RATES, lenient=self._lenient, socket=True),
            _within(settings.min_buffer_size, "min_buffer_size", 30, 200, default=50),
            _within(settings.max_chunk_length, "max_chunk_length", 50, 500, default=150),
        )
        due = self._spoken()
        self._session = session
        return due

    def _add(self, session: _Session, text: str) -> list[DueSpeech | Complete]:
        if len(text) > longest_text(self._model):
            raise unprocessable(f"text must have at most {longest_text(self._model)} characters")
        if not self._lenient:
            check_text(text)
        self._buffer += text
        return self._spoken() if len(self._buffer) >= session.enough else []

    def _flush(self) -> list[DueSpeech | Complete]:
        return [*self._spoken(), Complete()]

    def _spoken(self) -> list[DueSpeech | Complete]:
        if self._session is None:
            return []
        text, self._buffer = self._buffer, ""
        return [DueSpeech(piece, self._session.voice) for piece in pieces(text, self._session.longest)]


def pieces(text: str, longest: int) -> Iterator[str]:
    """`text` cut at the ends of sentences, and within those that are longer; no character is lost."""
    held = ""
    for sentence in _SENTENCE.findall(text):
        if held and len(held) + len(sentence) > longest:
            yield held
            held = ""
        held += sentence
        while len(held) > longest:
            yield held[:longest]
            held = held[longest:]
    if held:
        yield held


def _within(value: int | None, name: str, least: int, most: int, *, default: int) -> int:
    if value is None:
        return default
    if not least <= value <= most:
        raise unprocessable(f"{name} must be between {least} and {most}")
    return value
