"""The frames of Sarvam's WebSocket: what is sent, and what is made of each error."""

import json

import pytest

from warmline.errors import UpstreamError, UpstreamExhausted, UpstreamRejected, UpstreamUnavailable
from warmline.upstream import frames
from warmline.upstream.ports import Voice

VOICE = Voice(model="bulbul:v3", speaker="priya", language="en-IN", pace=1.1)


def error(message: str, **data: object) -> frames.Frame:
    return frames.read("sarvam", json.dumps({"type": "error", "data": {"message": message, **data}}))


def audio(value: object) -> str:
    return json.dumps({"type": "audio", "data": {"audio": value}})


def test_the_config_is_the_documented_one() -> None:
    assert json.loads(frames.config(VOICE, "target_language_code")) == {
        "type": "config",
        "data": {
            "target_language_code": "en-IN",
            "speaker": "priya",
            "model": "bulbul:v3",
            "speech_sample_rate": 22050,
            "output_audio_codec": "linear16",
            "pace": 1.1,
        },
    }


def test_the_languages_name_on_the_wire_can_be_the_newer_one() -> None:
    data = json.loads(frames.config(VOICE, "language_code"))["data"]
    assert (data["language_code"], "target_language_code" in data) == ("en-IN", False)


@pytest.mark.parametrize("text", ["short", "word " * 1200, "x" * 6000, " ", "घुटने का दर्द " * 400, "a" * 2500])
def test_a_long_text_is_cut_at_spaces_and_loses_nothing(text: str) -> None:
    messages = [json.loads(message)["data"]["text"] for message in frames.texts(text)]
    assert "".join(messages) == text
    assert all(1 <= len(message) <= 2500 for message in messages)
    if " " in text[:2500]:
        assert all(message.endswith(" ") for message in messages[:-1])


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        (error("bad field", code=422), UpstreamRejected),
        (error("bad field", code="422"), UpstreamRejected),
        (error("400: Speaker 'x' is not compatible with model bulbul:v3"), UpstreamRejected),
        (error("slow down", code=429), UpstreamUnavailable),
        (error("429: Rate limit exceeded"), UpstreamUnavailable),
        (error("500: model failed"), UpstreamUnavailable),
        (error("something"), UpstreamUnavailable),
        (error("text too long: 3000: characters"), UpstreamUnavailable),
        (error("no credits", code="insufficient_quota_error"), UpstreamExhausted),
        (error("429: insufficient_quota_error"), UpstreamExhausted),
        (error("odd", code="²²²"), UpstreamUnavailable),
        (error(""), UpstreamUnavailable),
    ],
)
def test_errors_are_told_apart_in_both_shapes(frame: frames.Frame, expected: type[UpstreamError]) -> None:
    assert type(frames.failure("sarvam", frame)) is expected


@pytest.mark.parametrize("frame", ["", "[]", "nonsense", '{"type": 1}', *map(audio, (7, "***", "ä", "AAA"))])
def test_what_is_no_frame_is_rejected_and_spoils_an_idle_socket(frame: str) -> None:
    with pytest.raises(UpstreamRejected):
        frames.read("sarvam", frame)
    assert frames.stale(frame)


@pytest.mark.parametrize(("kind", "stale"), [("audio", True), ("event", True), ("error", True), ("pong", False)])
def test_only_what_belongs_to_a_conversation_spoils_an_idle_socket(kind: str, *, stale: bool) -> None:
    assert frames.stale(json.dumps({"type": kind})) is stale


def test_only_the_final_event_ends_an_utterance() -> None:
    def event(kind: str) -> frames.Frame:
        return frames.read("sarvam", json.dumps({"type": "event", "data": {"event_type": kind}}))

    assert event("final").final
    assert not event("started").final
    assert not frames.read("sarvam", '{"type": "audio", "data": {"event_type": "final"}}').final
