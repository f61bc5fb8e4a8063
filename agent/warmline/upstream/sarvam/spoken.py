"""What Sarvam's REST API answers → samples, or whose fault it is that there are none. No I/O.

Protocol: 200 is `{"request_id", "audios": [base64]}`, one audio for each input; errors are
`{"error": {"message", "code"}}`, where 429 means either a rate limit or used-up credit, told apart by the code.
"""

from typing import Any

import msgspec

from warmline.errors import UpstreamExhausted, UpstreamRejected
from warmline.upstream.audio import Samples
from warmline.upstream.decoding import decode, decode_base64
from warmline.upstream.sarvam.frames import EXHAUSTED, LONGEST_DETAIL, RETRYABLE
from warmline_cache.errors import UpstreamError, UpstreamUnavailable

_LONGEST_SAID = 64 * 1024
"""Bytes of what an error says that are read; of more, as many as are logged are shown as they came."""


class _Success(msgspec.Struct):
    audios: list[str | None]


class _Problem(msgspec.Struct):
    code: msgspec.Raw = msgspec.Raw(b"null")
    message: msgspec.Raw = msgspec.Raw(b"null")


class _Failure(msgspec.Struct):
    error: _Problem | None = None


def decode_speech(upstream: str, status: int, raw: bytes, rate: int) -> bytes:
    """Whole samples at `rate`, one at least. Raises UpstreamError."""
    if status != 200:
        raise _failure(upstream, status, raw)
    audios = decode(raw, _Success, upstream=upstream, what="text-to-speech").audios
    text = next((one for one in audios if one is not None), "")
    samples = Samples(upstream, rate)
    pcm = samples.feed(decode_base64(text, upstream=upstream, what="text-to-speech: $.audios[0]")) + samples.end()
    if not pcm:
        raise UpstreamRejected(upstream, "text-to-speech: no samples - at `$.audios[0]`")
    return pcm


def _failure(upstream: str, status: int, raw: bytes) -> UpstreamError:
    """What is no error object is an error all the same."""
    code: Any = None
    try:
        problem = decode(raw, _Failure, upstream=upstream, what="an error").error or _Problem()
        code, message = _decode_error(upstream, problem.code), _decode_error(upstream, problem.message)
    except UpstreamRejected as error:
        message = error.detail
    detail = f"HTTP {status} {'' if code is None else code}: {'' if message is None else message}"[:LONGEST_DETAIL]
    if isinstance(code, str) and code in EXHAUSTED:
        return UpstreamExhausted(upstream, detail)
    if status in RETRYABLE:
        return UpstreamUnavailable(upstream, detail)
    return UpstreamRejected(upstream, detail)


def _decode_error(upstream: str, raw: msgspec.Raw) -> Any:
    if len(bytes(raw)) > _LONGEST_SAID:
        return bytes(raw)[:LONGEST_DETAIL].decode(errors="replace")
    return decode(raw, Any, upstream=upstream, what="an error")
