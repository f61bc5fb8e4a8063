"""Simulated Sarvam's sockets over real TCP: what a client of the provider has to live with."""

import base64
import json
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from tests.support.processes.stack import Simulator
from tests.support.time.wait import until
from warmline_simulators.sarvam import tone

CONFIG = {"target_language_code": "en-IN", "speaker": "priya", "speech_sample_rate": 8000}


@pytest.fixture
def sarvam(tmp_path: Path) -> Iterator[Simulator]:
    simulator = Simulator("sarvam", tmp_path, milliseconds=0, speed=1000, sockets=2)
    yield simulator
    simulator.stop()


def opened(sarvam: Simulator, key: str = "k") -> AbstractContextManager[ClientConnection]:
    url = sarvam.url.replace("http", "ws") + "/text-to-speech/ws?model=bulbul:v3&send_completion_event=True"
    return connect(url, additional_headers={"api-subscription-key": key}, close_timeout=1)


def say(socket: ClientConnection, text: str) -> None:
    socket.send(json.dumps({"type": "config", "data": {**CONFIG, "output_audio_codec": "linear16"}}))
    socket.send(json.dumps({"type": "text", "data": {"text": text}}))
    socket.send(json.dumps({"type": "flush"}))


def heard(socket: ClientConnection) -> bytes:
    """The audio up to the completion event."""
    audio = b""
    while (message := received(socket))["type"] == "audio":
        audio += base64.b64decode(message["data"]["audio"])
    assert message["data"]["event_type"] == "final"
    return audio


def received(socket: ClientConnection) -> dict[str, Any]:
    message: dict[str, Any] = json.loads(socket.recv(timeout=5))
    return message


def test_one_socket_speaks_one_text_after_another(sarvam: Simulator) -> None:
    with opened(sarvam) as socket:
        for text in ("Namaste.", "How can I help you today?"):
            say(socket, text)
            assert heard(socket) == tone(text, 8000)
        assert sarvam.calls()["sockets_open"] == 1
    until(lambda: sarvam.calls()["sockets_open"] == 0, seconds=5, what="the socket to be gone")
    assert sarvam.calls() == {
        "handshakes": 1,
        "sockets_opened": 1,
        "sockets_open": 0,
        "sockets_peak": 1,
        "text-to-speech/ws": 2,
        "characters": len("Namaste.How can I help you today?"),
    }


@pytest.mark.parametrize(("how", "code"), [("frame", 1000), ("cut", None)])
def test_an_idle_socket_is_closed_with_a_frame_or_without(tmp_path: Path, how: str, code: int | None) -> None:
    sarvam = Simulator("sarvam", tmp_path, milliseconds=0, idle_seconds=0.2, idle_close=how)
    try:
        with opened(sarvam) as socket, pytest.raises(ConnectionClosed) as closed:
            socket.recv(timeout=5)
    finally:
        sarvam.stop()
    assert (closed.value.rcvd and closed.value.rcvd.code) == code


@pytest.mark.parametrize(("how", "code"), [("close", 1000), ("cut", None)])
def test_a_test_can_end_every_open_socket(sarvam: Simulator, how: str, code: int | None) -> None:
    with opened(sarvam) as one, opened(sarvam) as other:
        sarvam.hang_up(how)
        for socket in (one, other):
            with pytest.raises(ConnectionClosed) as closed:
                socket.recv(timeout=5)
            assert (closed.value.rcvd and closed.value.rcvd.code) == code


@pytest.mark.parametrize(("action", "code"), [("close", 1011), ("cut", None)])
def test_an_utterance_can_break_off_after_some_audio(sarvam: Simulator, action: str, code: int | None) -> None:
    sarvam.fault(kind="speech", at="socket", action=action, after_chunks=1)
    with opened(sarvam) as socket:
        say(socket, "A sentence of more than one chunk.")
        assert received(socket)["type"] == "audio"
        with pytest.raises(ConnectionClosed) as closed:
            received(socket)
    assert (closed.value.rcvd and closed.value.rcvd.code) == code


def test_more_sockets_than_the_account_may_have_are_refused_until_one_is_closed(sarvam: Simulator) -> None:
    with opened(sarvam):
        with opened(sarvam), pytest.raises(InvalidStatus) as refused, opened(sarvam):
            pass
        until(lambda: sarvam.calls()["sockets_open"] == 1, seconds=5, what="the second socket to be gone")
        with opened(sarvam):
            pass
    assert refused.value.response.status_code == 429
    assert json.loads(refused.value.response.body)["error"]["code"] == "rate_limit_exceeded_error"


def test_a_stream_that_is_cut_does_not_look_complete(sarvam: Simulator) -> None:
    text = "A sentence of more than one chunk."
    body = {**CONFIG, "text": text, "output_audio_codec": "linear16"}
    headers = {"api-subscription-key": "k"}
    whole = httpx.post(f"{sarvam.url}/text-to-speech/stream", json=body, headers=headers)
    assert whole.content == tone(text, 8000)
    sarvam.fault(kind="speech", at="stream", action="cut", after_chunks=1)
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.post(f"{sarvam.url}/text-to-speech/stream", json=body, headers=headers)
