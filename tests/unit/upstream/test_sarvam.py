"""What the speech client sends, and what it makes of each answer."""

import base64
import io
import json
import traceback
import wave

import aiohttp
import msgspec
import pytest

from tests.unit.upstream.conftest import Provider
from warmline.errors import UpstreamExhausted, UpstreamRejected
from warmline.upstream.ports import Voice
from warmline.upstream.sarvam.rest import Sarvam
from warmline_cache.errors import UpstreamError, UpstreamUnavailable

VOICE = Voice(model="bulbul:v3", speaker="priya", language="en-IN", pace=1.1)
PCM = b"\x01\x00" * 100


def spoken(audio: bytes) -> bytes:
    return json.dumps({"request_id": None, "audios": [base64.b64encode(audio).decode()]}).encode()


def refused(code: str, message: str = "because") -> bytes:
    return json.dumps({"error": {"message": message, "code": code}}).encode()


def wave_file(*, channels: int = 1, width: int = 2, rate: int = 22050) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setparams((channels, width, rate, 0, "NONE", ""))
        writer.writeframes(PCM)
    return file.getvalue()


@pytest.fixture
def sarvam(provider: Provider, http: aiohttp.ClientSession) -> Sarvam:
    return Sarvam(http, provider.url, key="the-key", timeout=0.5)


async def test_the_request_is_the_documented_one(sarvam: Sarvam, provider: Provider) -> None:
    provider.body = spoken(PCM)
    assert await sarvam.synthesise("namaste", VOICE) == PCM
    assert provider.headers[0]["api-subscription-key"] == "the-key"
    assert provider.asked == [
        (
            "/text-to-speech",
            {
                "text": "namaste",
                "target_language_code": "en-IN",
                "speaker": "priya",
                "model": "bulbul:v3",
                "speech_sample_rate": 22050,
                "output_audio_codec": "linear16",
                "pace": 1.1,
            },
        )
    ]


async def test_a_wave_file_where_raw_audio_was_asked_for_loses_its_header(sarvam: Sarvam, provider: Provider) -> None:
    provider.body = spoken(wave_file())
    assert await sarvam.synthesise("namaste", VOICE) == PCM


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (403, "invalid_api_key_error", UpstreamRejected),
        (400, "invalid_request_error", UpstreamRejected),
        (422, "unprocessable_entity_error", UpstreamRejected),
        (429, "insufficient_quota_error", UpstreamExhausted),
        (429, "rate_limit_exceeded_error", UpstreamUnavailable),
        (503, "rate_limit_exceeded_error", UpstreamUnavailable),
        (500, "internal_server_error", UpstreamUnavailable),
        (504, "gateway_timeout_error", UpstreamUnavailable),
    ],
)
async def test_errors_are_told_apart_by_code_and_status(
    sarvam: Sarvam, provider: Provider, status: int, code: str, expected: type[UpstreamError]
) -> None:
    provider.status, provider.body = status, refused(code)
    with pytest.raises(UpstreamError, match=code) as caught:
        await sarvam.synthesise("namaste", VOICE)
    assert type(caught.value) is expected


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"detail": "x"}'])
async def test_an_error_without_the_documented_shape_is_an_error_all_the_same(
    sarvam: Sarvam, provider: Provider, body: bytes
) -> None:
    provider.status, provider.body = 502, body
    with pytest.raises(UpstreamUnavailable):
        await sarvam.synthesise("namaste", VOICE)


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b'{"audios": []}', b'{"audios": ["***"]}', spoken(b""), spoken(b"\x01"), spoken(b"RIFFnonsense")],
    ids=["empty", "a list", "no audio", "not base64", "silence", "half a sample", "a broken wave file"],
)
async def test_a_success_without_whole_audio_is_rejected(sarvam: Sarvam, provider: Provider, body: bytes) -> None:
    provider.body = body
    with pytest.raises(UpstreamRejected):
        await sarvam.synthesise("namaste", VOICE)


async def test_a_provider_that_hangs_is_given_up_in_time(sarvam: Sarvam, provider: Provider) -> None:
    provider.hangs = True
    with pytest.raises(UpstreamUnavailable):
        await sarvam.synthesise("namaste", VOICE)


async def test_a_failed_request_is_not_sent_again(sarvam: Sarvam, provider: Provider) -> None:
    provider.status, provider.body = 500, refused("internal_server_error")
    with pytest.raises(UpstreamUnavailable):
        await sarvam.synthesise("namaste", VOICE)
    assert len(provider.asked) == 1


async def test_a_provider_that_is_not_there_is_unavailable(http: aiohttp.ClientSession) -> None:
    with pytest.raises(UpstreamUnavailable):
        await Sarvam(http, "http://127.0.0.1:1", key="k", timeout=0.5).synthesise("namaste", VOICE)


@pytest.mark.parametrize(("model", "longest"), [("bulbul:v2", 1500), ("bulbul:v3", 2500), ("bulbul:v4-flash", 2500)])
async def test_a_text_longer_than_one_call_is_several_calls(
    sarvam: Sarvam, provider: Provider, model: str, longest: int
) -> None:
    provider.body = spoken(PCM)
    text = "Good morning to all of you. " * 170
    heard = [chunk async for chunk in sarvam.stream(text, Voice(model=model, speaker="s", language="en-IN"))]
    asked = [body["text"] for _, body in provider.asked]
    assert "".join(asked) == text
    assert longest - 30 < len(asked[0]) <= longest
    assert b"".join(heard) == PCM * len(asked)


@pytest.mark.parametrize(
    ("settings", "file"),
    [
        ({}, wave_file(rate=24000)),
        ({}, wave_file(channels=2)),
        ({}, wave_file(width=1)),
        ({"sample_rate": 48000}, wave_file()),
        ({}, wave_file()[:-20]),
    ],
    ids=["another rate", "stereo", "8 bit", "not the rate that was asked for", "cut off"],
)
async def test_a_wave_file_that_is_not_what_was_asked_for_is_rejected(
    sarvam: Sarvam, provider: Provider, settings: dict[str, int], file: bytes
) -> None:
    provider.body = spoken(file)
    with pytest.raises(UpstreamRejected, match="WAVE file"):
        await sarvam.synthesise("namaste", msgspec.structs.replace(VOICE, **settings))


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b'{"audios": ["AQ\xff="]}'),
        (200, b"[" * 100_000),
        (400, b'{"error": {"message": "\xff"}}'),
        (400, b"[" * 100_000),
        (400, b'{"error": {"code": ["a"], "message": {"b": null}}}'),
        (400, b'{"error": "because"}'),
        (400, b'{"error": null}'),
        (307, b""),
    ],
    ids=ascii,
)
async def test_whatever_a_body_holds_is_the_providers_fault(
    sarvam: Sarvam, provider: Provider, status: int, body: bytes
) -> None:
    provider.status, provider.body = status, body
    with pytest.raises(UpstreamRejected):
        await sarvam.synthesise("namaste", VOICE)


@pytest.mark.parametrize("most", [64 * 1024 * 1024, 1_000_000])
async def test_an_error_keeps_nothing_of_the_answer_that_it_came_of(
    sarvam: Sarvam, provider: Provider, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    """It lives until the cyclic collector comes by, and an answer may have sixty megabytes."""
    monkeypatch.setattr("warmline.upstream.sarvam.rest._MOST_BYTES", most)
    provider.body = spoken(b"OggS" + bytes(2_000_000))
    with pytest.raises(UpstreamRejected) as rejected:
        await sarvam.synthesise("namaste", VOICE)
    frames = [frame for frame, _ in traceback.walk_tb(rejected.value.__traceback__)]
    held = [
        value for frame in frames for value in frame.f_locals.values() if isinstance(value, str | bytes | bytearray)
    ]
    assert any(frame.f_code.co_name == "synthesise" for frame in frames)
    assert max(map(len, held), default=0) < 100_000


async def test_of_an_error_without_end_some_is_shown(sarvam: Sarvam, provider: Provider) -> None:
    provider.status, provider.body = 422, b'{"error": {"code": "bad", "message": [' + b"[]," * 50_000 + b"[]]}}"
    with pytest.raises(UpstreamRejected, match=r"HTTP 422 bad: \[\[\],\[\]") as rejected:
        await sarvam.synthesise("namaste", VOICE)
    assert len(rejected.value.detail) <= 500


async def test_null_beside_a_good_audio_does_not_cost_it(sarvam: Sarvam, provider: Provider) -> None:
    provider.body = spoken(PCM).replace(b'["', b'[null, "')
    assert await sarvam.synthesise("namaste", VOICE) == PCM


async def test_an_answer_without_end_is_rejected(
    sarvam: Sarvam, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("warmline.upstream.sarvam.rest._MOST_BYTES", 1000)
    provider.body = spoken(PCM * 100)
    with pytest.raises(UpstreamRejected, match="more than 1000 bytes"):
        await sarvam.synthesise("namaste", VOICE)
