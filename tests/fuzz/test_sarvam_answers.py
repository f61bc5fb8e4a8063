"""Whatever Sarvam answers, in a body or in a frame, is audio or an error that names it; nothing is our fault."""

import base64
import json

import msgspec
from hypothesis import example, given
from hypothesis import strategies as st

from warmline.upstream.sarvam import frames
from warmline.upstream.sarvam.spoken import decode_speech
from warmline_cache.errors import UpstreamError

DEEP = 100_000

NAMES = st.sampled_from("type data audio audios error message code event_type request_id".split()) | st.text(max_size=4)
WORDS = st.sampled_from(["audio", "event", "error", "final", "400: no", "insufficient_quota_error", "429", "RIFF"])
AUDIO = st.builds(
    lambda magic, rest: base64.b64encode(magic + rest).decode(),
    st.sampled_from(
        [b"", b"RIFF\x24\0\0\0WAVE", b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0", b"OggS", b"\xff\xfb\x90\x64"]
    ),
    st.binary(max_size=60),
)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | WORDS
    | AUDIO
)
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4))
FRAMES = st.fixed_dictionaries({}, optional={"type": WORDS | VALUES, "data": VALUES})
BODIES = st.fixed_dictionaries({}, optional={"audios": st.lists(AUDIO | VALUES, max_size=2) | VALUES, "error": VALUES})


def _encoded(value: object) -> bytes:
    return json.dumps(value).encode()


def _cut(raw: bytes, at: int, byte: int) -> bytes:
    """The same with a byte put in, or cut off there."""
    at %= len(raw) + 1
    return raw[:at] + (bytes([byte]) + raw[at:] if byte < 256 else b"")


ENCODED = st.builds(_encoded, FRAMES | BODIES | VALUES)
RAW = (
    ENCODED
    | st.binary(max_size=80)
    | st.builds(_cut, ENCODED, st.integers(0, 500), st.integers(0, 256))
    | st.builds(lambda value, coding: value.decode().encode(coding), ENCODED, st.sampled_from(["utf-16", "utf-32"]))
)
FOUND = [
    b'{"audios": ["\xff"]}',
    b"[" * DEEP,
    b'{"audios":' * DEEP,
    b'{"type": "x", "data": ' + b"[" * DEEP,
    b'{"type": "error", "data": {"code": ' + b"9" * 5000 + b"}}",
    b'{"error": {"code": ["a"]}}',
    b'{"error": {"code": {}, "message": []}}',
    b'{"type": "error", "data": {"message": {"\\ud83d\\ude00": 1e308}}}',
    b'{"audios": ["' + b"AAAA" * 200_000 + b'"]}',
]


def _with_examples(test):  # type: ignore[no-untyped-def]
    for raw in FOUND:
        test = example(raw=raw, status=200)(example(raw=raw, status=503)(test))
    return test


@_with_examples
@given(raw=RAW, status=st.sampled_from([200, 200, 200, 400, 429, 503, 307]))
def test_any_body_is_audio_or_the_providers_error(raw: bytes, status: int) -> None:
    try:
        pcm = decode_speech("sarvam", status, raw, 22050)
    except UpstreamError:
        return
    assert pcm
    assert len(pcm) % 2 == 0


def _frame(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


@_with_examples
@given(raw=RAW, status=st.just(0))
def test_any_frame_is_one_or_the_providers_error(raw: bytes, status: int) -> None:
    frame = _frame(raw)
    assert frames.stale(frame) in {True, False}
    try:
        found = frames.read("sarvam", frame)
    except UpstreamError:
        return
    if found.type == "error":
        assert isinstance(frames.failure("sarvam", found), UpstreamError)


@given(kind=st.text().filter(lambda kind: kind not in {"audio", "event", "error"}), data=VALUES)
def test_a_frame_of_an_unknown_type_is_skipped_whatever_it_holds(kind: str, data: object) -> None:
    frame = msgspec.json.encode({"type": kind, "data": data}).decode()
    assert frames.read("sarvam", frame) == frames.Frame(kind)
    assert not frames.stale(frame)
