"""Simulated Sarvam over HTTP speaks the provider's protocol, mistakes included (it is the judge of our own client)."""

import base64
import io
import wave
from typing import Any

import httpx
import pytest

from warmline_simulators.sarvam import SECONDS_PER_CHARACTER, SarvamOptions, SarvamSimulator, tone

KEY = {"api-subscription-key": "k"}
GOOD = {"text": "namaste", "target_language_code": "hi-IN", "speaker": "priya", "model": "bulbul:v3"}


@pytest.fixture
def sarvam() -> httpx.AsyncClient:
    app = SarvamSimulator(SarvamOptions(speech=0, first_chunk=0, speed=1e6)).app()
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://sarvam")


async def test_speech_is_a_wave_file_by_default_as_long_as_its_text(sarvam: httpx.AsyncClient) -> None:
    answer = (await sarvam.post("/text-to-speech", json=GOOD, headers=KEY)).json()
    assert set(answer) == {"request_id", "audios"}
    with wave.open(io.BytesIO(base64.b64decode(answer["audios"][0]))) as reader:
        assert reader.getframerate() == 24000
        assert reader.getnframes() == int(24000 * SECONDS_PER_CHARACTER) * len("namaste")


async def test_both_names_of_the_language_and_both_kinds_of_rate_are_taken(sarvam: httpx.AsyncClient) -> None:
    other = {"text": "a", "language_code": "hi-IN", "speech_sample_rate": "8000", "output_audio_codec": "linear16"}
    answer = (await sarvam.post("/text-to-speech", json=other, headers=KEY)).json()
    assert len(base64.b64decode(answer["audios"][0])) == int(8000 * SECONDS_PER_CHARACTER) * 2


async def test_different_texts_sound_different_and_equal_ones_equal(sarvam: httpx.AsyncClient) -> None:
    async def audio(text: str) -> str:
        answer = await sarvam.post("/text-to-speech", json={**GOOD, "text": text}, headers=KEY)
        return str(answer.json()["audios"][0])

    assert await audio("aa") == await audio("aa") != await audio("ab")


REFUSED = [
    ({"text": "..."}, 400),
    ({"text": "👍"}, 400),
    ({"text": " "}, 400),
    ({"pitch": 0.0}, 400),
    ({"loudness": 1.0}, 400),
    ({"pitch": 0.0, "model": "bulbul:v2", "speaker": "arya", "pace": 3.1}, 422),
    ({"pitch": 0.9, "model": "bulbul:v2", "speaker": "arya"}, 422),
    ({"loudness": 0.1, "model": "bulbul:v2", "speaker": "arya"}, 422),
    ({"dict_id": "p_1", "model": "bulbul:v2", "speaker": "arya"}, 400),
    ({"temperature": 9}, 422),
    ({"temperature": 0}, 422),
    ({"pace": 2.5}, 400),
    ({"pace": 0.4}, 400),
    ({"output_audio_bitrate": "1k"}, 422),
]


@pytest.mark.parametrize(("change", "status"), REFUSED)
@pytest.mark.parametrize("path", ["/text-to-speech", "/text-to-speech/stream"])
async def test_what_the_provider_refuses_is_refused(
    sarvam: httpx.AsyncClient, path: str, change: dict[str, Any], status: int
) -> None:
    answer = await sarvam.post(path, json={**GOOD, **change}, headers=KEY)
    assert answer.status_code == status, answer.text


@pytest.mark.parametrize("change", [change for change, _ in REFUSED])
async def test_a_lenient_one_takes_it(change: dict[str, Any]) -> None:
    app = SarvamSimulator(SarvamOptions(speech=0, lenient=True)).app()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://sarvam") as lenient:
        answer = await lenient.post("/text-to-speech", json={**GOOD, **change}, headers=KEY)
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    "change",
    [
        {"text": "9"},
        {"text": "8..."},
        {"temperature": 0.6, "dict_id": "p_1", "pace": 2.0},
        {"pitch": 0.75, "loudness": 3.0, "pace": 0.3, "model": "bulbul:v2", "speaker": "arya"},
        {"pitch": None, "loudness": None, "output_audio_bitrate": "128k"},
    ],
)
async def test_what_the_provider_takes_is_taken(sarvam: httpx.AsyncClient, change: dict[str, Any]) -> None:
    answer = await sarvam.post("/text-to-speech", json={**GOOD, **change}, headers=KEY)
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"text": ""}, 422, "unprocessable_entity_error"),
        ({"text": None}, 422, "unprocessable_entity_error"),
        ({"target_language_code": "en-US"}, 422, "unprocessable_entity_error"),
        ({"target_language_code": None}, 422, "unprocessable_entity_error"),
        ({"speech_sample_rate": 11025}, 422, "unprocessable_entity_error"),
        ({"speaker": "anushka"}, 400, "invalid_request_error"),
        ({"model": "bulbul:v9"}, 400, "invalid_request_error"),
        ({"text": "x" * 2501}, 413, "invalid_request_error"),
        ({"text": "x" * 1501, "model": "bulbul:v2", "speaker": "arya"}, 413, "invalid_request_error"),
    ],
)
async def test_bad_requests_get_the_documented_status_and_code(
    sarvam: httpx.AsyncClient, change: dict[str, Any], status: int, code: str
) -> None:
    response = await sarvam.post("/text-to-speech", json={**GOOD, **change}, headers=KEY)
    assert (response.status_code, response.json()["error"]["code"]) == (status, code)


async def test_a_speaker_of_another_model_is_refused_with_the_ones_there_are(sarvam: httpx.AsyncClient) -> None:
    response = await sarvam.post("/text-to-speech", json={**GOOD, "speaker": "anushka"}, headers=KEY)
    message = response.json()["error"]["message"]
    assert message.startswith("Speaker 'anushka' is not compatible with model bulbul:v3. Available speakers")


async def test_no_key_is_403_and_no_credit_429(sarvam: httpx.AsyncClient) -> None:
    nobody = await sarvam.post("/text-to-speech", json=GOOD)
    broke = await sarvam.post("/text-to-speech", json=GOOD, headers={"api-subscription-key": "exhausted"})
    assert (nobody.status_code, nobody.json()["error"]["code"]) == (403, "invalid_api_key_error")
    assert (broke.status_code, broke.json()["error"]["code"]) == (429, "insufficient_quota_error")


async def test_only_syntheses_are_counted(sarvam: httpx.AsyncClient) -> None:
    await sarvam.post("/text-to-speech", json=GOOD, headers=KEY)
    await sarvam.post("/text-to-speech", json=GOOD)
    assert (await sarvam.get("/_calls")).json() == {
        "text-to-speech": 1,
        "characters": len(GOOD["text"]),
        "sockets_open": 0,
        "sockets_peak": 0,
    }


async def test_a_stream_is_the_audio_in_the_codec_that_was_asked_for(sarvam: httpx.AsyncClient) -> None:
    asked = {**GOOD, "speech_sample_rate": 16000, "output_audio_codec": "linear16"}
    answer = await sarvam.post("/text-to-speech/stream", json=asked, headers=KEY)
    assert answer.content == tone("namaste", 16000)


@pytest.mark.parametrize(
    ("change", "status"), [({"speech_sample_rate": 48000}, 422), ({"text": "x" * 3501}, 413), ({"text": ""}, 422)]
)
async def test_a_stream_has_limits_of_its_own(sarvam: httpx.AsyncClient, change: dict[str, Any], status: int) -> None:
    response = await sarvam.post("/text-to-speech/stream", json={**GOOD, **change}, headers=KEY)
    assert response.status_code == status


async def test_a_key_may_come_as_a_bearer_token(sarvam: httpx.AsyncClient) -> None:
    response = await sarvam.post("/text-to-speech", json=GOOD, headers={"Authorization": "Bearer k"})
    assert response.status_code == 200


async def test_requests_over_the_rate_are_refused_until_the_bucket_fills_up_again() -> None:
    seconds = 0.0
    options = SarvamOptions(speech=0, requests_per_minute=60, burst=2)
    app = SarvamSimulator(options, clock=lambda: seconds).app()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://sarvam") as sarvam:
        answers = [await sarvam.post("/text-to-speech", json=GOOD, headers=KEY) for _ in range(3)]
        seconds = 1.0
        answers.append(await sarvam.post("/text-to-speech", json=GOOD, headers=KEY))
    assert [answer.status_code for answer in answers] == [200, 200, 429, 200]
    assert answers[2].json()["error"]["code"] == "rate_limit_exceeded_error"


async def test_what_a_test_wants_to_go_wrong_does_so_as_often_as_it_said(sarvam: httpx.AsyncClient) -> None:
    fault = {"kind": "refuse", "at": "rest", "status": 500, "code": "model_call_error", "times": 2}
    await sarvam.post("/_faults", json=fault)
    answers = [await sarvam.post("/text-to-speech", json=GOOD, headers=KEY) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [500, 500, 200]
    assert answers[0].json()["error"]["code"] == "model_call_error"


async def test_faults_can_be_seen_and_taken_back(sarvam: httpx.AsyncClient) -> None:
    await sarvam.post("/_faults", json={"kind": "refuse", "at": "stream"})
    assert [fault["at"] for fault in (await sarvam.get("/_faults")).json()] == ["stream"]
    assert (await sarvam.delete("/_faults")).json() == []
    assert (await sarvam.post("/text-to-speech/stream", json=GOOD, headers=KEY)).status_code == 200


async def test_a_fault_that_there_is_not_is_refused(sarvam: httpx.AsyncClient) -> None:
    assert (await sarvam.post("/_faults", json={"kind": "refuse", "at": "lunch"})).status_code == 422
