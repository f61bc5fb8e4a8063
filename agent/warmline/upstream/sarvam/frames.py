"""The frames of Sarvam's WebSocket, and what its errors mean. No I/O.

Protocol, JSON text frames. We send `config` (again for each utterance), `text`, `flush`, `ping`; there is nothing that
cancels. It answers with `audio` (base64), `event` (`final` comes once for each flush, behind all its audio) and
`error`, in two shapes: with a `code`, a number or a numeric string, or with the status before the message,
"400: Speaker …". An error without either may pass.
"""

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from warmline.errors import UpstreamExhausted, UpstreamRejected
from warmline.upstream.decoding import decode, decode_base64
from warmline.upstream.pieces import pieces
from warmline.upstream.ports import Voice
from warmline_cache.errors import UpstreamError, UpstreamUnavailable

STREAMED_RATES = frozenset({8000, 16000, 22050, 24000})
"""Hertz that a socket speaks at; 32,000, 44,100 and 48,000 are for REST alone (docs.sarvam.ai, "How to set the sample
rate")."""
PING = '{"type":"ping"}'
FLUSH = '{"type":"flush"}'

LONGEST_DETAIL = 500
"""Characters of a provider's words that go to the log."""

_LONGEST_ERROR = 64 * 1024
"""Bytes of an error that are read."""

EXHAUSTED = frozenset({"insufficient_quota_error"})
RETRYABLE = frozenset({408, 429, 500, 502, 503, 504})

_NULL = b"null"
_STATUS = re.compile(r"\s*(\d{3}):", re.ASCII)


class Frame(msgspec.Struct):
    """What the provider says, as far as it concerns us; what a frame holds beside that may be anything."""

    type: str = ""
    audio: bytes = b""
    final: bool = False
    """Whether all that was flushed has been said."""
    code: int | str | None = None
    message: str = ""


class _Envelope(msgspec.Struct):
    type: str | None = None
    data: msgspec.Raw = msgspec.Raw(_NULL)


class _Audio(msgspec.Struct):
    audio: str | None = None


class _Event(msgspec.Struct):
    event_type: Any = None


class _Problem(msgspec.Struct):
    code: Any = None
    message: Any = None


def read(upstream: str, frame: str) -> Frame:
    """The frame, its audio decoded. Of a type that we do not know nothing else is looked at, null is as absent, and a
    part that we do not need may be anything. Raises UpstreamRejected for what is no frame."""
    envelope = decode(frame, _Envelope, upstream=upstream, what="a frame")
    if envelope.type == "audio":
        return Frame("audio", audio=_audio(envelope.data, upstream))
    if envelope.type not in {"event", "error"}:
        return Frame(envelope.type or "")
    if envelope.type == "error":
        return _error(envelope.data)
    return Frame("event", final=_event_type(envelope.data) == "final")


def _event_type(data: msgspec.Raw) -> Any:
    """What else an event holds may be anything, and it may be no object at all."""
    try:
        return decode(data, _Event, upstream="", what="data of an event frame").event_type
    except UpstreamRejected:
        return None


def _audio(data: msgspec.Raw, upstream: str) -> bytes:
    if bytes(data) == _NULL:
        return b""
    text = decode(data, _Audio, upstream=upstream, what="data of an audio frame").audio
    return decode_base64(text or "", upstream=upstream, what="data.audio of a frame")


def _error(data: msgspec.Raw) -> Frame:
    """Whatever an error frame holds it is an error; a message may be of any shape, and a code a whole float. Of one
    that is longer than any error only the beginning is looked at."""
    if len(bytes(data)) > _LONGEST_ERROR:
        return Frame("error", message=bytes(data)[:LONGEST_DETAIL].decode(errors="replace"))
    try:
        problem = decode(data, _Problem, upstream="", what="data of an error frame")
    except UpstreamRejected:
        problem = _Problem(message=_any(data))
    code, message = problem.code, problem.message
    if isinstance(code, float) and code.is_integer():
        code = int(code)
    if isinstance(code, bool) or not isinstance(code, int | str):
        code = None
    if not isinstance(message, str):
        message = "" if message is None else msgspec.json.encode(message).decode()
    return Frame("error", code=code, message=message)


def _any(data: msgspec.Raw) -> Any:
    """Data that is no object; what cannot be read at all is shown as it came."""
    try:
        return decode(data, Any, upstream="", what="data of an error frame")
    except UpstreamRejected:
        return bytes(data).decode(errors="replace")


def stale(frame: str) -> bool:
    """Whether a frame is part of a conversation, so that the next one could take it for its own."""
    try:
        return decode(frame, _Envelope, upstream="", what="a frame").type in {"audio", "event", "error"}
    except UpstreamRejected:
        return True


def failure(upstream: str, frame: Frame) -> UpstreamError:
    """What an `error` frame says."""
    code, message = frame.code, frame.message
    said = _STATUS.match(f"{code}:") or _STATUS.match(message)
    status = int(said[1]) if said else None
    detail = f"{'' if code is None else f'{code}: '}{message}"[:LONGEST_DETAIL]
    if code in EXHAUSTED or any(word in message for word in EXHAUSTED):
        return UpstreamExhausted(upstream, detail)
    if status is None or status in RETRYABLE:
        return UpstreamUnavailable(upstream, detail)
    return UpstreamRejected(upstream, detail)


def config(voice: Voice, language_field: str) -> str:
    """The first message of an utterance; what the voice leaves to the provider is left out."""
    return _frame("config", settings(voice, language_field))


def texts(text: str, longest: int) -> Iterator[str]:
    """The messages that hold `text`, of at most `longest` characters each."""
    for piece in pieces(text, longest):
        yield _frame("text", {"text": piece})


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
