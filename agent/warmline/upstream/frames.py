"""The frames of Sarvam's WebSocket, and what its errors mean. No I/O.

Protocol, JSON text frames. We send `config` (again for each utterance), `text`, `flush`, `ping`; there is nothing that
cancels. It answers with `audio` (base64), `event` (`final` comes once for each flush, behind all its audio) and
`error`, in two shapes: with a `code`, a number or a numeric string, or with the status before the message,
"400: Speaker …". An error without either may pass.
"""

import re
from collections.abc import Iterator

import msgspec

from warmline.errors import UpstreamError, UpstreamExhausted, UpstreamRejected, UpstreamUnavailable
from warmline.upstream.ports import Voice

LONGEST_MESSAGE = 2500
PING = '{"type":"ping"}'
FLUSH = '{"type":"flush"}'

EXHAUSTED = frozenset({"insufficient_quota_error"})
RETRYABLE = frozenset({408, 429, 500, 502, 503, 504})

_STATUS = re.compile(r"\s*(\d{3}):", re.ASCII)


class _Data(msgspec.Struct):
    audio: bytes = b""
    event_type: str = ""
    message: str = ""
    code: int | str | None = None


class Frame(msgspec.Struct):
    """What the provider says; of a `type` we do not know nothing else is believed."""

    type: str = ""
    data: _Data = msgspec.field(default_factory=_Data)

    @property
    def final(self) -> bool:
        """Whether all that was flushed has been said."""
        return self.type == "event" and self.data.event_type == "final"


def read(upstream: str, frame: str) -> Frame:
    """The frame, its audio decoded. Raises UpstreamRejected if it is none."""
    try:
        return msgspec.json.decode(frame, type=Frame)
    except msgspec.DecodeError as error:
        raise UpstreamRejected(upstream, "a frame that we cannot read") from error


def stale(frame: str) -> bool:
    """Whether a frame is part of a conversation, so that the next one could take it for its own."""
    try:
        return msgspec.json.decode(frame, type=Frame).type in {"audio", "event", "error"}
    except msgspec.DecodeError:
        return True


def failure(upstream: str, frame: Frame) -> UpstreamError:
    """What an `error` frame says."""
    code, message = frame.data.code, frame.data.message
    said = _STATUS.match(f"{code}:") or _STATUS.match(message)
    status = int(said[1]) if said else None
    detail = f"{'' if code is None else f'{code}: '}{message}"
    if code in EXHAUSTED or any(word in message for word in EXHAUSTED):
        return UpstreamExhausted(upstream, detail)
    if status is None or status in RETRYABLE:
        return UpstreamUnavailable(upstream, detail)
    return UpstreamRejected(upstream, detail)


def config(voice: Voice, language_field: str) -> str:
    """The first message of an utterance; what the voice leaves to the provider is left out."""
    return _frame("config", settings(voice, language_field))


def texts(text: str) -> Iterator[str]:
    """The messages that hold `text`, cut at spaces where it is too long for one; no character is lost."""
    while text:
        end = len(text)
        if end > LONGEST_MESSAGE:
            end = text.rfind(" ", 0, LONGEST_MESSAGE) + 1 or LONGEST_MESSAGE
        yield _frame("text", {"text": text[:end]})
        text = text[end:]


def settings(voice: Voice, language_field: str) -> dict[str, str | int | float]:
    """A voice in the provider's words, alike on all transports. `language_field` is `target_language_code`, or
    `language_code` as newer clients send it."""
    all_settings: dict[str, str | int | float | None] = {
        language_field: voice.language,
        "speaker": voice.speaker,
        "model": voice.model,
        "speech_sample_rate": voice.sample_rate,
        "output_audio_codec": voice.codec,
        "pace": voice.pace,
        "pitch": voice.pitch,
        "loudness": voice.loudness,
        "temperature": voice.temperature,
        "dict_id": voice.dictionary,
    }
    return {name: value for name, value in all_settings.items() if value is not None}


def _frame(kind: str, data: dict[str, str | int | float] | dict[str, str]) -> str:
    return msgspec.json.encode({"type": kind, "data": data}).decode()
