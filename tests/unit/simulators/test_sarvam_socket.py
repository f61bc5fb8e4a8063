"""Simulated Sarvam's socket keeps the provider's protocol and its times."""

import asyncio
import base64
import json
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from tests.support.clients.asgi_socket import AsgiSocket
from warmline_simulators.sarvam import SECONDS_PER_CHARACTER, SarvamOptions, SarvamSimulator, tone

pytestmark = pytest.mark.virtual_time

KEY = {"api-subscription-key": "k"}
V3 = "/text-to-speech/ws?model=bulbul:v3"
SETTINGS: dict[str, Any] = {
    "target_language_code": "en-IN",
    "speaker": "priya",
    "speech_sample_rate": 8000,
    "output_audio_codec": "linear16",
}
FLUSH = {"type": "flush"}


def config(**changes: object) -> dict[str, object]:
    return {"type": "config", "data": {**SETTINGS, **changes}}


def text(words: str) -> dict[str, object]:
    return {"type": "text", "data": {"text": words}}


def opened(app: Starlette, target: str = V3, headers: dict[str, str] = KEY) -> AsgiSocket:
    return AsgiSocket(app, target, headers)


def simulated(**options: Any) -> Starlette:
    return SarvamSimulator(SarvamOptions(**options)).app()


async def say(socket: AsgiSocket, *messages: object) -> None:
    for message in messages:
        await socket.say(message)


async def utterance(socket: AsgiSocket) -> bytes:
    """The audio before the next completion event."""
    audio = b""
    while (message := await socket.heard())["type"] == "audio":
        audio += base64.b64decode(message["data"]["audio"])
    assert message["data"]["event_type"] == "final"
    return audio


async def calls(app: Starlette) -> dict[str, int]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://sarvam") as http:
        counts: dict[str, int] = (await http.get("/_calls")).json()
        return counts


async def fault(app: Starlette, **what: object) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://sarvam") as http:
        (await http.post("/_faults", json=what)).raise_for_status()


def now() -> float:
    return asyncio.get_running_loop().time()


async def test_a_handshake_a_first_chunk_and_later_chunks_take_their_times() -> None:
    app = simulated(connect=0.15, first_chunk=0.4, chunk=0.2, speed=4)
    async with opened(app) as socket:
        assert now() == pytest.approx(0.15)
        await say(socket, config(), text("0123456789"), FLUSH)  # 0.6 s of audio
        times = []
        for _ in range(3):
            assert (await socket.heard())["type"] == "audio"
            times.append(now() - 0.15)
        assert times == pytest.approx([0.4, 0.45, 0.5])


async def test_every_flush_gets_one_completion_after_all_of_its_audio() -> None:
    async with opened(simulated()) as socket:
        await say(socket, config(), text("one "), text("two"), FLUSH, text("three"), FLUSH, FLUSH)
        assert [await utterance(socket) for _ in range(3)] == [tone("one two", 8000), tone("three", 8000), b""]


async def test_text_is_spoken_without_a_flush_once_there_is_enough_of_it() -> None:
    long = "A sentence that is long enough to be spoken at once."
    async with opened(simulated(chunk=60)) as socket:
        await say(socket, config(min_buffer_size=50), text("short"), text(long))
        heard = await socket.heard()
        assert base64.b64decode(heard["data"]["audio"]) == tone("short" + long, 8000)
        await say(socket, FLUSH)
        assert await utterance(socket) == b""


async def test_a_new_config_comes_after_the_text_that_was_buffered() -> None:
    async with opened(simulated()) as socket:
        await say(socket, config(), text("old"), config(speech_sample_rate="16000"), text("new"), FLUSH)
        assert await utterance(socket) == tone("old", 8000) + tone("new", 16000)


@pytest.mark.parametrize(("value", "completions"), [("True", 1), ("true", 1), ("False", 0), ("false", 0)])
async def test_completion_events_are_switched_in_whatever_case(value: str, completions: int) -> None:
    async with opened(simulated(chunk=60), f"{V3}&send_completion_event={value}") as socket:
        await say(socket, config(), text("one"), FLUSH, text("two"), FLUSH)
        kinds = [(await socket.heard())["type"] for _ in range(2 + completions)]
    assert kinds.count("event") == completions


async def test_either_language_name_will_do_and_nulls_and_strange_fields_are_ignored() -> None:
    odd = config(target_language_code=None, language_code="hi-IN", dict_id=None, pitch=0.0, pace=None, unheard_of=1)
    async with opened(simulated()) as socket:
        await say(socket, odd, text("namaste"), FLUSH)
        assert await utterance(socket) == tone("namaste", 8000)


@pytest.mark.parametrize(
    "message",
    [
        "not json",
        {"type": "shout"},
        config(target_language_code=None),
        config(speaker=None),
        config(speech_sample_rate=48000),
        config(min_buffer_size=10),
        config(pace=9),
        text(""),
        text("x" * 2501),
    ],
)
async def test_what_the_schema_rejects_is_an_error_with_a_code_and_changes_nothing(message: object) -> None:
    async with opened(simulated()) as socket:
        await say(socket, config(), text("before "), message)
        error = await socket.heard()
        assert (error["type"], error["data"]["code"]) == ("error", 422)
        await say(socket, text("after"), FLUSH)
        assert await utterance(socket) == tone("before after", 8000)


@pytest.mark.parametrize(
    "message",
    [text("..."), text("👍"), text(" "), config(pitch=0.5), config(loudness=1.5), config(pace=2.5)],
)
async def test_what_the_provider_refuses_has_its_status_before_the_message_and_changes_nothing(message: object) -> None:
    async with opened(simulated()) as socket:
        await say(socket, config(), text("before "), message)
        error = await socket.heard()
        assert error["type"] == "error"
        assert error["data"]["message"].startswith("400: ")
        assert "code" not in error["data"]
        await say(socket, text("after"), FLUSH)
        assert await utterance(socket) == tone("before after", 8000)


async def test_a_lenient_one_speaks_what_the_provider_would_not() -> None:
    async with opened(simulated(lenient=True)) as socket:
        await say(socket, config(pitch=0.5, temperature=9), text("..."), FLUSH)
        assert await utterance(socket) == tone("...", 8000)


async def test_an_older_model_takes_shorter_messages() -> None:
    async with opened(simulated(), "/text-to-speech/ws?model=bulbul:v2") as socket:
        await say(socket, config(speaker="arya"), text("x" * 1501))
        assert (await socket.heard())["data"]["code"] == 422


async def test_other_errors_have_their_status_before_the_message() -> None:
    async with opened(simulated()) as socket:
        await say(socket, config(speaker="anushka"), config(output_audio_codec="mp3"))
        speaker, codec = await socket.heard(), await socket.heard()
    assert "code" not in speaker["data"]
    assert speaker["data"]["message"].startswith("400: Speaker 'anushka' is not compatible with model bulbul:v3.")
    assert codec["data"]["message"].startswith("400: codec 'mp3' is not simulated")


async def test_text_before_any_config_is_an_error() -> None:
    async with opened(simulated()) as socket:
        await say(socket, text("hello"))
        assert (await socket.heard())["data"]["code"] == 422


@pytest.mark.parametrize(("with_frame", "ended"), [(True, 1000), (False, "cut")])
async def test_a_socket_on_which_nothing_is_said_is_closed_after_its_time(with_frame: bool, ended: int | str) -> None:
    async with opened(simulated(connect=0, idle_close_frame=with_frame)) as socket:
        await socket.end()
        assert socket.ended == ended
        assert now() == pytest.approx(60)


async def test_a_ping_starts_the_idle_time_anew_and_is_not_answered() -> None:
    async with opened(simulated(connect=0)) as socket:
        await asyncio.sleep(40)
        await say(socket, {"type": "ping"})
        await socket.end()
        assert now() == pytest.approx(100)


async def test_a_socket_that_speaks_is_not_idle() -> None:
    words = "x" * 1000
    async with opened(simulated(idle=10, speed=1)) as socket:
        await say(socket, config(), text(words), FLUSH)
        assert await utterance(socket) == tone(words, 8000)
        assert now() > 1000 * SECONDS_PER_CHARACTER * 0.9
        await socket.end()
        assert socket.ended == 1000


@pytest.mark.parametrize(
    ("target", "headers", "status", "code"),
    [
        (V3, {}, 403, "invalid_api_key_error"),
        (V3, {"api-subscription-key": "exhausted"}, 429, "insufficient_quota_error"),
        ("/text-to-speech/ws?model=bulbul:v9", KEY, 400, "invalid_request_error"),
    ],
)
async def test_a_handshake_is_refused_with_the_reason(
    target: str, headers: dict[str, str], status: int, code: str
) -> None:
    async with opened(simulated(), target, headers) as socket:
        assert socket.status == status
    assert json.loads(socket.body)["error"]["code"] == code


async def test_the_newest_model_has_a_path_of_its_own_and_speakers_by_their_form() -> None:
    async with opened(simulated(), "/text-to-speech/ws/v2?model=bulbul:v4-flash") as socket:
        await say(socket, config(speaker="simran_en_customer"), text("hello"), FLUSH)
        assert await utterance(socket) == tone("hello", 8000)


async def test_sockets_count_against_the_account_from_their_handshake_to_their_end() -> None:
    app = simulated(sockets=1, connect=1)
    async with opened(app) as one:
        async with opened(app) as other:
            assert (one.status, other.status) == (101, 429)
        assert await calls(app) == {"handshakes": 2, "sockets_opened": 1, "sockets_open": 1, "sockets_peak": 1}
    async with opened(app) as after:
        assert after.status == 101


async def test_an_utterance_that_a_test_wants_to_fail_says_so_and_the_next_is_well() -> None:
    app = simulated()
    await fault(app, kind="speech", at="socket", action="error", after_chunks=1, message="500: boom")
    async with opened(app) as socket:
        await say(socket, config(), text("0123456789"), FLUSH)
        kinds = [(await socket.heard()) for _ in range(2)]
        assert [message["type"] for message in kinds] == ["audio", "error"]
        assert kinds[1]["data"] == {"message": "500: boom"}
        await say(socket, text("again"), FLUSH)
        assert await utterance(socket) == tone("again", 8000)


async def test_an_utterance_can_be_left_without_its_completion() -> None:
    app = simulated(chunk=60)
    await fault(app, kind="speech", at="socket", action="silence", after_chunks=9)
    async with opened(app) as socket:
        await say(socket, config(), text("one"), FLUSH, text("two"), FLUSH)
        kinds = [(await socket.heard())["type"] for _ in range(3)]
    assert kinds == ["audio", "audio", "event"]


async def test_a_handshake_can_be_refused_as_often_as_a_test_wants() -> None:
    app = simulated()
    await fault(app, kind="refuse", at="handshake", status=503, code="gateway_timeout_error", times=2)
    statuses = []
    for _ in range(3):
        async with opened(app) as socket:
            statuses.append(socket.status)
    assert statuses == [503, 503, 101]
