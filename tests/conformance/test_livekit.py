"""LiveKit's plugin for Sarvam against simulated Sarvam: one text at a time, and streams on its pool of sockets."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from livekit.agents import APIConnectOptions, APIStatusError
from livekit.plugins import sarvam as plugin

from tests.support.processes.stack import Simulator
from warmline_simulators.sarvam import tone

RATE = 16000
ONCE = APIConnectOptions(max_retry=0)


@pytest.fixture
async def voice(sarvam: Simulator) -> AsyncIterator[plugin.TTS]:
    async with aiohttp.ClientSession() as http:
        made = voice_of(sarvam, http)
        yield made
        await made.aclose()


def voice_of(sarvam: Simulator, http: aiohttp.ClientSession, **settings: Any) -> plugin.TTS:
    return plugin.TTS(
        **{
            "target_language_code": "en-IN",
            "model": "bulbul:v3",
            "speaker": "priya",
            "speech_sample_rate": RATE,
            "output_audio_codec": "linear16",
            "api_key": "k",
            "base_url": f"{sarvam.url}/text-to-speech",
            "ws_url": f"{sarvam.url.replace('http', 'ws')}/text-to-speech/ws",
            "http_session": http,
            **settings,
        }
    )


async def streamed(voice: plugin.TTS, *texts: str, how: APIConnectOptions = ONCE) -> bytes:
    """What is heard of one stream that is given these texts."""
    async with voice.stream(conn_options=how) as stream:
        for text in texts:
            stream.push_text(text)
        stream.end_input()
        return b"".join([bytes(event.frame.data) async for event in stream])


async def test_one_text_is_spoken_over_rest(voice: plugin.TTS) -> None:
    async with voice.synthesize("Namaste. How are you?", conn_options=ONCE) as stream:
        heard = b"".join([bytes(event.frame.data) async for event in stream])
    assert heard == tone("Namaste. How are you?", RATE)


async def test_two_streams_share_one_socket(sarvam: Simulator, voice: plugin.TTS) -> None:
    before = sarvam.calls().get("handshakes", 0)
    for text in ("Namaste.", "It is Monday."):
        assert await streamed(voice, text) == tone(text, RATE)
    assert sarvam.calls()["handshakes"] == before + 1


async def test_sentences_are_heard_in_order_without_a_gap(voice: plugin.TTS) -> None:
    texts = ("The clinic opens at nine in the morning. ", "It closes at six in the evening. ", "See you then.")
    assert await streamed(voice, *texts) == tone("".join(text.strip() for text in texts), RATE)


async def test_the_newest_model_is_spoken_on_its_own_path(sarvam: Simulator) -> None:
    async with aiohttp.ClientSession() as http:
        voice = voice_of(sarvam, http, model="bulbul:v4-flash", speaker="shubh_en_narration_gentle")
        assert await streamed(voice, "Namaste.") == tone("Namaste.", RATE)
        await voice.aclose()


async def test_an_error_frame_is_an_error_with_its_status(sarvam: Simulator, voice: plugin.TTS) -> None:
    sarvam.fault(kind="speech", at="socket", action="error", message="400: no such speaker")
    with pytest.raises(APIStatusError) as raised:
        await streamed(voice, "Namaste.")
    assert (raised.value.status_code, raised.value.retryable) == (400, False)


@pytest.mark.parametrize("how", ["close", "cut"])
async def test_a_socket_that_the_provider_ended_is_replaced(sarvam: Simulator, voice: plugin.TTS, how: str) -> None:
    assert await streamed(voice, "Namaste.")
    sarvam.hang_up(how)
    heard = await streamed(voice, "It is Monday.", how=APIConnectOptions(max_retry=1))
    assert heard == tone("It is Monday.", RATE)
