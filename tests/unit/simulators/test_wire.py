"""The simulators speak the providers' protocols, mistakes included (they are the judge of our own clients)."""

import base64
import io
import wave
from typing import Any

import httpx
import pytest

from warmline.simulators.convex import ConvexOptions, ConvexSimulator
from warmline.simulators.sarvam import SECONDS_PER_CHARACTER, SarvamOptions, SarvamSimulator

KEY = {"api-subscription-key": "k"}
GOOD = {"text": "namaste", "target_language_code": "hi-IN", "speaker": "priya", "model": "bulbul:v3"}


@pytest.fixture
def sarvam() -> httpx.AsyncClient:
    app = SarvamSimulator(SarvamOptions(speech=0)).app()
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://sarvam")


@pytest.fixture
def convex() -> httpx.AsyncClient:
    app = ConvexSimulator(ConvexOptions(query=0, action=0)).app()
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://convex")


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


async def test_a_query_returns_a_value_and_null_for_nothing(convex: httpx.AsyncClient) -> None:
    async def config(agent: str) -> Any:
        call = {"path": "agents:config", "args": {"organisation": "sahyadri", "agent": agent}, "format": "json"}
        return (await convex.post("/api/query", json=call)).json()

    assert (await config("reception"))["value"]["name"] == "Asha"
    assert await config("nobody") == {"status": "success", "value": None}


async def test_arguments_may_come_in_a_list_of_one_and_in_the_encoded_format(convex: httpx.AsyncClient) -> None:
    args = [{"organisation": "kaveri", "query": "sciatica", "topK": 2.0}]
    call = {"path": "knowledge:search", "args": args, "format": "convex_encoded_json"}
    value = (await convex.post("/api/action", json=call)).json()["value"]
    assert len(value) == 2
    assert set(value[0]) == {"_id", "_score", "question", "answer"}


@pytest.mark.parametrize(
    ("kind", "path"), [("query", "no:such"), ("action", "agents:config"), ("query", "knowledge:search")]
)
async def test_a_function_that_is_not_there_fails_with_status_200(
    convex: httpx.AsyncClient, kind: str, path: str
) -> None:
    response = await convex.post(f"/api/{kind}", json={"path": path, "args": {}})
    assert response.status_code == 200
    assert response.json()["status"] == "error"
    assert f"Could not find public function for '{path}'." in response.json()["errorMessage"]


async def test_wrong_arguments_are_the_functions_error(convex: httpx.AsyncClient) -> None:
    response = await convex.post("/api/query", json={"path": "agents:config", "args": {"organisation": 7}})
    assert (response.status_code, response.json()["status"]) == (200, "error")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", "BadRequest"),
        (b'{"path": "agents:config", "args": []}', "BadRequest"),
        (b'{"path": "agents:config", "args": {}, "format": "xml"}', "BadFormat"),
    ],
)
async def test_calls_that_cannot_be_read_are_the_infrastructures_error(
    convex: httpx.AsyncClient, body: bytes, code: str
) -> None:
    response = await convex.post("/api/query", content=body)
    assert (response.status_code, response.json()["code"]) == (400, code)
