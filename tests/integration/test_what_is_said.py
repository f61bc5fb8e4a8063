"""What an agent says, as its organisation wrote it: nothing at all, at great length, or in an unusual voice."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.clients.voice import Call
from tests.support.processes.stack import Stack, Worker, await_redis
from warmline_simulators.sarvam import tone

LONG = "The exercise is done slowly and without pain, ten times in the morning. " * 41
STORY = "What is the whole story?"
BREATH = "How should I breathe?"


def _agent(*, greeting: str = "Namaste", unknown: str = "…", **voice: object) -> dict[str, Any]:
    spoken = {"model": "bulbul:v3", "speaker": "priya", "language": "en-IN", "sampleRate": 22050, **voice}
    return {
        "config": {
            "name": "Asha",
            "voice": spoken,
            "greeting": greeting,
            "phrases": ["", "—", "One moment please."],
            "promptUpdatedAt": 1,
        },
        "prompt": {"instructions": "", "answer": "{answer}", "unknown": unknown},
    }


AGENTS = {
    "quiet": _agent(greeting=""),
    "reception": _agent(),
    "studio": _agent(sampleRate=48000),
    "telephone": _agent(codec="mulaw", sampleRate=8000),
    "sharp": _agent(pitch=0.5),
}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("said")
    data = folder / "data"
    data.mkdir()
    knowledge = [{"question": STORY, "answer": LONG.strip()}, {"question": BREATH, "answer": "👍"}]
    written = {"organisation": "sahyadri", "name": "Sahyadri", "agents": AGENTS, "knowledge": knowledge}
    (data / "sahyadri.json").write_text(json.dumps(written))
    with Stack(folder, convex={"data": str(data)}) as stack:
        yield stack


@pytest.fixture(scope="module")
def worker(stack: Stack) -> Worker:
    worker = stack.worker()
    await_redis(worker, "up")
    return worker


async def test_an_agent_that_lets_the_caller_speak_first_begins_with_no_samples(stack: Stack, worker: Worker) -> None:
    async with await Call.dial(worker.url, agent="quiet") as call:
        assert (await call.next("greeting"))["text"] == ""
        assert await call.next() == {"type": "audio-begin", "turn": 0, "start": 0, "lookups": {}}
        assert await call.next() == {"type": "audio-end", "turn": 0, "samples": 0}
        before = stack.sarvam.calls()
        for turn, text in enumerate((BREATH, "Who won the cricket world cup?"), start=1):
            await call.send("say", text=text)
            assert (await call.next("answer"))["text"] in {"👍", "…"}
            assert (await call.next())["type"] == "audio-begin"
            assert await call.next() == {"type": "audio-end", "turn": turn, "samples": 0}
        assert stack.sarvam.calls() == before
        assert call.audio == {}


async def test_an_answer_longer_than_one_call_is_spoken_to_its_end_on_one_socket(stack: Stack, worker: Worker) -> None:
    text = LONG.strip()
    assert len(text) > 2500
    async with await Call.dial(worker.url) as call:
        await call.next("audio-end")
        before = stack.sarvam.calls()
        await call.send("say", text=STORY)
        assert (await call.next("answer"))["text"] == text
        assert (await call.next())["type"] == "audio-begin"
    assert worker.speech(text, accept="audio/pcm").content == tone(text, 22050)
    calls = stack.sarvam.calls()
    assert calls["characters"] - before["characters"] == len(text)
    assert (calls["handshakes"], calls["text-to-speech/ws"]) == (before["handshakes"], before["text-to-speech/ws"] + 1)


def test_a_voice_at_a_rate_that_no_socket_has_is_spoken_over_rest(stack: Stack, worker: Worker) -> None:
    before = stack.sarvam.calls()
    assert worker.speech("Hello there", agent="studio", accept="audio/pcm").content == tone("Hello there", 48000)
    assert worker.speech(LONG, agent="studio", accept="audio/pcm").status_code == 413, "more than can be kept of it"
    calls = stack.sarvam.calls()
    assert calls["handshakes"] == before["handshakes"]
    assert calls["text-to-speech"] == before.get("text-to-speech", 0) + 1


def test_a_voice_that_cannot_be_carried_is_refused_by_the_name_of_its_setting(worker: Worker) -> None:
    response = worker.speech("Hello", agent="telephone")
    assert (response.status_code, response.json()["error"]["upstream"]) == (502, "convex")
    assert worker.process.says("$.voice.codec")


def test_a_voice_that_the_provider_refuses_costs_the_other_voices_no_socket_each_time(
    stack: Stack, worker: Worker
) -> None:
    for number in range(2):
        assert worker.speech(f"Hello {number}", agent="sharp").status_code == 502
    before = stack.sarvam.calls()
    for number in range(5):
        assert worker.speech(f"Hello again {number}", agent="sharp").status_code == 502
    assert worker.speech("Hello", agent="reception").status_code == 200
    assert stack.sarvam.calls()["text-to-speech/ws"] == before["text-to-speech/ws"] + 1


@pytest.mark.parametrize("text", ["…", "👍", "—", "\u200b", " ।"], ids=ascii)
@pytest.mark.parametrize("accept", ["audio/wav", "audio/pcm"])
def test_to_ask_for_the_speech_of_nothing_is_the_callers_fault(worker: Worker, text: str, accept: str) -> None:
    response = worker.speech(text, accept=accept)
    assert (response.status_code, response.json()["error"]["field"]) == (400, "text")
