"""The official `sarvamai` client against simulated Sarvam: REST, HTTP stream and WebSocket."""

import base64
import io
import wave
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from sarvamai import AsyncSarvamAI
from sarvamai.core.api_error import ApiError
from sarvamai.environment import SarvamAIEnvironment
from sarvamai.types import AudioOutput, ErrorResponse, EventResponse

from tests.support.processes.stack import Simulator
from warmline_simulators.sarvam import tone

VOICE = {"language_code": "hi-IN", "speaker": "priya", "model": "bulbul:v3", "speech_sample_rate": 16000}
ONCE = {"max_retries": 0}
TEXT = "Namaste. How can I help you today?"


Clients = Callable[[str], AsyncSarvamAI]


@pytest.fixture
async def clients(sarvam: Simulator) -> AsyncIterator[Clients]:
    """Makes clients by their key. They share connections that are closed here: the official client has no close."""
    sockets = sarvam.url.replace("http", "ws")
    environment = SarvamAIEnvironment(base=sarvam.url, creative=sarvam.url, production=sockets)
    async with httpx.AsyncClient() as http:
        yield lambda key: AsyncSarvamAI(api_subscription_key=key, environment=environment, httpx_client=http)


@pytest.fixture
def client(clients: Clients) -> AsyncSarvamAI:
    return clients("k")


async def test_one_answer_holds_the_audio_of_the_text(client: AsyncSarvamAI) -> None:
    answer = await client.text_to_speech.convert(text=TEXT, **VOICE)
    with wave.open(io.BytesIO(base64.b64decode(answer.audios[0]))) as file:
        assert file.getframerate() == 16000
        assert file.readframes(file.getnframes()) == tone(TEXT, 16000)


async def test_a_stream_carries_the_audio_of_the_text(client: AsyncSarvamAI) -> None:
    stream = client.text_to_speech.convert_stream(text=TEXT, output_audio_codec="linear16", **VOICE)
    assert b"".join([part async for part in stream]) == tone(TEXT, 16000)


@pytest.mark.parametrize(
    ("key", "change", "status", "code"),
    [
        ("k", {"speaker": "anushka"}, 400, "invalid_request_error"),
        ("k", {"text": "x" * 2501}, 413, "invalid_request_error"),
        ("exhausted", {}, 429, "insufficient_quota_error"),
    ],
)
async def test_an_error_carries_status_and_code(
    clients: Clients, key: str, change: dict[str, Any], status: int, code: str
) -> None:
    asked = {"text": TEXT, **VOICE, **change}
    with pytest.raises(ApiError) as raised:
        await clients(key).text_to_speech.convert(**asked, request_options=ONCE)
    assert (raised.value.status_code, error_code(raised.value.body)) == (status, code)


def error_code(body: Any) -> str:
    """The client gives some bodies as dictionaries and some as models of its own."""
    return str(body["error"]["code"] if isinstance(body, dict) else body.error.code)


def connected(client: AsyncSarvamAI, *, completions: str = "true") -> Any:
    return client.text_to_speech_streaming.connect(model="bulbul:v3", send_completion_event=completions)


async def configure(socket: Any, **settings: Any) -> None:
    await socket.configure(
        **{
            "target_language_code": "hi-IN",
            "speaker": "priya",
            "output_audio_codec": "linear16",
            "speech_sample_rate": 16000,
            **settings,
        }
    )


async def until_final(socket: Any) -> AsyncIterator[bytes]:
    async for message in socket:
        if isinstance(message, EventResponse):
            assert message.data.event_type == "final"
            return
        assert isinstance(message, AudioOutput)
        yield base64.b64decode(message.data.audio)


async def test_a_socket_speaks_turn_after_turn(client: AsyncSarvamAI) -> None:
    async with connected(client) as socket:
        for words in (["Namaste. ", "How can I help?"], ["It is Monday."]):
            await configure(socket)
            for text in words:
                await socket.convert(text)
            await socket.ping()
            await socket.flush()
            assert b"".join([part async for part in until_final(socket)]) == tone("".join(words), 16000)


async def test_a_socket_says_what_it_cannot_take_and_goes_on(client: AsyncSarvamAI) -> None:
    async with connected(client) as socket:
        await socket.flush()
        no_config = await socket.recv()
        await configure(socket, speaker="anushka")
        wrong_speaker = await socket.recv()
        await configure(socket)
        await socket.convert(TEXT)
        await socket.flush()
        audio = b"".join([part async for part in until_final(socket)])
    assert isinstance(no_config, ErrorResponse)
    assert no_config.data.code == 422
    assert isinstance(wrong_speaker, ErrorResponse)
    assert wrong_speaker.data.message.startswith("400: Speaker 'anushka' is not compatible with model bulbul:v3.")
    assert audio == tone(TEXT, 16000)


async def test_without_completion_events_there_is_audio_alone(client: AsyncSarvamAI) -> None:
    async with connected(client, completions="false") as socket:
        await configure(socket)
        await socket.convert("ab")
        await socket.flush()
        await socket.convert("cd")
        await socket.flush()
        heard = b""
        while len(heard) < len(tone("abcd", 16000)):
            message = await socket.recv()
            assert isinstance(message, AudioOutput)
            heard += base64.b64decode(message.data.audio)
    assert heard == tone("abcd", 16000)


async def test_a_handshake_without_a_good_key_is_refused(clients: Clients) -> None:
    with pytest.raises(ApiError) as refused:
        async with connected(clients("exhausted")):
            pass
    assert refused.value.status_code == 429
