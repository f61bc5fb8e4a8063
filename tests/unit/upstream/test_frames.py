"""The frames of Sarvam's WebSocket: what is sent, and what is made of each error."""

import json

import pytest

from warmline.errors import UpstreamExhausted, UpstreamRejected
from warmline.upstream.ports import Voice
from warmline.upstream.sarvam import frames
from warmline_cache.errors import UpstreamError, UpstreamUnavailable

VOICE = Voice(model="bulbul:v3", speaker="priya", language="en-IN", pace=1.1)


def error(message: object, **data: object) -> frames.Frame:
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


def test_a_long_text_is_several_messages_each_as_long_as_the_model_takes() -> None:
    text = "Good morning to all of you. " * 120
    messages = [json.loads(message)["data"]["text"] for message in frames.texts(text, 1500)]
    assert "".join(messages) == text
    assert len(messages) == 3
    assert all(len(message) <= 1500 for message in messages)


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
        (error("bad field", code=400.0), UpstreamRejected),
        (error(None, code=400), UpstreamRejected),
        (error("400: bad field", code=None), UpstreamRejected),
        (error({"detail": ["bad field"]}, code=422), UpstreamRejected),
        (error(["insufficient_quota_error"]), UpstreamExhausted),
        (error("odd", code=[400]), UpstreamUnavailable),
        (error("odd", code=True), UpstreamUnavailable),
        (error(""), UpstreamUnavailable),
    ],
)
def test_errors_are_told_apart_in_both_shapes(frame: frames.Frame, expected: type[UpstreamError]) -> None:
    assert type(frames.failure("sarvam", frame)) is expected


@pytest.mark.parametrize("frame", ["", "[]", "nonsense", '{"type": 1}', *map(audio, (7, "***", "ä", "AAAAA", ["AA"]))])
def test_what_is_no_frame_is_rejected_and_spoils_an_idle_socket(frame: str) -> None:
    with pytest.raises(UpstreamRejected):
        frames.read("sarvam", frame)
    assert frames.stale(frame)


@pytest.mark.parametrize(("kind", "stale"), [("audio", True), ("event", True), ("error", True), ("pong", False)])
def test_only_what_belongs_to_a_conversation_spoils_an_idle_socket(kind: str, *, stale: bool) -> None:
    assert frames.stale(json.dumps({"type": kind})) is stale


@pytest.mark.parametrize("data", ["a string", None, [1, {}], {"audio": 7, "code": {}}, 1.5, True])
def test_of_a_type_that_we_do_not_know_nothing_else_is_looked_at(data: object) -> None:
    frame = json.dumps({"type": "metrics", "data": data})
    assert frames.read("sarvam", frame) == frames.Frame("metrics")
    assert not frames.stale(frame)


@pytest.mark.parametrize("beside", [{"code": None}, {"message": None}, {"request_id": 5, "content_type": None}])
def test_what_lies_beside_the_audio_may_be_anything(beside: dict[str, object]) -> None:
    frame = json.dumps({"type": "audio", "data": {"audio": "AQI=", **beside}})
    assert frames.read("sarvam", frame).audio == b"\1\2"


@pytest.mark.parametrize("written", ["AQL7_w==", "AQL7/w", "AQL7_w", "AQ\r\nL7\n/w==\n", " AQL7/w== "])
def test_base64_is_read_as_decoders_commonly_do(written: str) -> None:
    assert frames.read("sarvam", audio(written)).audio == b"\x01\x02\xfb\xff"


@pytest.mark.parametrize("frame", ['{"type": "audio"}', '{"type": "audio", "data": null}', audio(None), audio("")])
def test_no_audio_is_an_empty_chunk(frame: str) -> None:
    assert frames.read("sarvam", frame) == frames.Frame("audio")


def test_the_log_is_told_which_field_cannot_be_read_and_not_all_that_a_provider_says() -> None:
    with pytest.raises(UpstreamRejected, match=r"\$\.audio"):
        frames.read("sarvam", audio(7))
    assert len(frames.failure("sarvam", error("x" * 10_000)).detail) == frames.LONGEST_DETAIL


@pytest.mark.parametrize("frame", ['{"type": "error"}', '{"type": "error", "data": "400: no"}'])
def test_an_error_is_one_whatever_it_holds(frame: str) -> None:
    assert isinstance(frames.failure("sarvam", frames.read("sarvam", frame)), UpstreamError)


def test_of_an_error_longer_than_any_the_beginning_is_shown_and_nothing_read() -> None:
    """A thousand whole numbers of thousands of digits each had to be written again to be shown."""
    digits = ",".join(["9" * 4000] * 100)
    frame = frames.read("sarvam", f'{{"type": "error", "data": {{"code": 400, "message": [{digits}]}}}}')
    assert frame.message.startswith('{"code": 400, "message": [999')
    assert len(frame.message) == frames.LONGEST_DETAIL


@pytest.mark.parametrize("data", ["final", None, ["final"], 7, {"event_type": ["final"]}])
def test_an_event_of_another_shape_ends_nothing(data: object) -> None:
    assert frames.read("sarvam", json.dumps({"type": "event", "data": data})) == frames.Frame("event")


def test_only_the_final_event_ends_an_utterance() -> None:
    def event(**data: object) -> frames.Frame:
        return frames.read("sarvam", json.dumps({"type": "event", "data": data}))

    assert event(event_type="final").final
    assert event(event_type="final", message=None, timestamp=None).final
    assert not event(event_type="started").final
    assert not event(event_type=None).final
    assert not event(event_type=["final"]).final
    assert not frames.read("sarvam", '{"type": "event", "data": "final"}').final
    assert not frames.read("sarvam", '{"type": "audio", "data": {"event_type": "final"}}').final
