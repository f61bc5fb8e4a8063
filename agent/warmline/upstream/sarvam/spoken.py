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


class _Success(msgspec.Struct):
    audios: list[Any]


class _Failure(msgspec.Struct):
    error: dict[str, Any] | None = None


def spoken(upstream: str, status: int, raw: bytes, rate: int) -> bytes:
    """Whole samples at `rate`, one at least. Raises UpstreamError."""
    if status != 200:
        raise _failure(upstream, status, raw)
    audios = decode(raw, _Success, upstream=upstream, what="text-to-speech").audios
    text = next((one for one in audios if isinstance(one, str)), "")
    samples = Samples(upstream, rate)
    pcm = samples.feed(decode_base64(text, upstream=upstream, what="text-to-speech: $.audios[0]")) + samples.end()
    if not pcm:
        raise UpstreamRejected(upstream, "text-to-speech: no samples - at `$.audios[0]`")
    return pcm


def _failure(upstream: str, status: int, raw: bytes) -> UpstreamError:
    """What is no error object is an error all the same."""
    try:
        problem = decode(raw, _Failure, upstream=upstream, what="an error").error or {}
    except UpstreamRejected as error:
        problem = {"message": error.detail}
    code, message = problem.get("code"), problem.get("message")
    detail = f"HTTP {status} {'' if code is None else code}: {'' if message is None else message}"[:LONGEST_DETAIL]
    if isinstance(code, str) and code in EXHAUSTED:
        return UpstreamExhausted(upstream, detail)
    if status in RETRYABLE:
        return UpstreamUnavailable(upstream, detail)
    return UpstreamRejected(upstream, detail)
