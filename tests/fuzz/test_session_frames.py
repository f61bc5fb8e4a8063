"""Frames of every kind on a session's WebSocket, with a good key: each connection comes to an end that the protocol
knows, none to one of ours, and nothing of it is left.
"""

import json
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from tests.support.clients import frames
from tests.support.clients.frames import CLOSE, PING, TEXT, Frame
from tests.support.clients.raw import converse, handshake
from tests.support.clients.requests import JSONS, TEXTS
from tests.support.processes import connections, open_files
from tests.support.processes.stack import Stack, Worker, await_redis, key_of
from tests.support.shown import shown
from tests.support.time.wait import until

OPEN = frames.written(json.dumps({"type": "open", "agent": "reception", "key": key_of("sahyadri")}).encode())
ENDS = {1000, 1002, 1003, 1005, 1007, 1009, 1012, 1013, 4400, 4401, 4404, 4408, 4409, 4429}
"""What a client may have brought upon itself; 1011 and 4503 it cannot."""

MESSAGES = st.fixed_dictionaries(
    {"type": st.sampled_from(["say", "say", "interrupt", "close", "open", "opened"])},
    optional={"text": TEXTS | JSONS, "agent": st.just("reception"), "turn": JSONS, "samples": JSONS, "resume": TEXTS},
)
PAYLOADS = (
    (MESSAGES | JSONS).map(lambda value: json.dumps(value).encode())
    | st.binary(max_size=130)
    | st.sampled_from([b"", b"[" * 60_000, b"x" * 70_000, b'{"type": "say", "text": "\\ud800"}', b"\xed\xa0\x80"])
)
ODD = st.builds(
    frames.written,
    PAYLOADS,
    st.integers(0, 15),
    fin=st.booleans(),
    reserved=st.sampled_from([0, 0, 0, 4, 1]),
    mask=st.sampled_from([b"abcd", b"abcd", b"\0\0\0\0", None]),
    lie=st.sampled_from([0, 0, 0, 0, -1, 1, 70_000]),
)
PIECES = st.lists(st.binary(max_size=20), min_size=1, max_size=4).map(
    lambda pieces: b"".join(
        frames.written(piece, TEXT if at == 0 else 0, fin=at == len(pieces) - 1) for at, piece in enumerate(pieces)
    )
)
CONTROL = st.builds(frames.written, st.binary(max_size=126), st.sampled_from([CLOSE, PING, 10]))
SAID = st.builds(frames.written, MESSAGES.map(lambda value: json.dumps(value).encode()))
FRAMES = st.lists(SAID | SAID | ODD | PIECES | CONTROL, max_size=6)


@pytest.fixture(scope="module")
def worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    with Stack(tmp_path_factory.mktemp("frames")) as stack:
        worker = stack.worker(session_message_rate="1000", session_message_burst="1000")
        await_redis(worker, "up")
        files = open_files(worker.process.id)
        yield worker
        greeted = worker.metric('warmline_session_first_audio_seconds_count{kind="greeting"}')
        shown.append(f"{greeted:.0f} sessions greeted whoever sent them frames")
        until(lambda: connections(worker.process.id, worker.port) == 0, seconds=15, what="an end of its connections")
        until(lambda: open_files(worker.process.id) <= files + 24, seconds=30, what="its descriptors")
        assert worker.metric("warmline_sessions") == 0
        worker.process.stop()
        assert worker.process.exit_code() == 0
        assert "Traceback" not in worker.process.output


# Smaller examples are no clearer: each is a handful of frames.
@settings(deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.explicit, Phase.generate])
@given(opening=st.sampled_from([OPEN, OPEN, OPEN, b""]), sent=FRAMES, early=st.booleans(), heard=st.booleans())
@example(opening=b"", sent=[b"\xff\x80abcd"], early=True, heard=False)
@example(opening=b"", sent=[b"\x89\x80abcd" * 9], early=True, heard=False)
@example(opening=OPEN, sent=[frames.written(b"\xff")], early=False, heard=True)
@example(opening=OPEN, sent=[b"\x01\x80abcd" + b"\x00\x80abcd" * 3000], early=False, heard=True)
@example(opening=OPEN, sent=[frames.written(b"x" * 70_000)], early=False, heard=True)
def test_whatever_a_client_sends_the_session_ends_as_the_protocol_says(
    worker: Worker, opening: bytes, sent: list[bytes], early: bool, heard: bool
) -> None:
    parts = [handshake() + opening, *sent] if early else [handshake(), opening, *sent]
    awaited = b'"type":"greeting"' if heard and opening else b"\r\n\r\n"
    got = converse(worker.port, [part for part in parts if part], until=awaited)
    assert (got.status, got.closed) == (101, True)
    for frame in frames.heard(got.body):
        _judge(frame)


def _judge(frame: Frame) -> None:
    if frame.opcode == CLOSE:
        assert frame.code in ENDS, frame
    elif frame.opcode == TEXT:
        message = json.loads(frame.payload)
        assert message["type"] != "error" or message["code"] not in {"internal_error", "session_failed"}, message


def test_a_worker_says_what_it_was_sent(worker: Worker) -> None:
    """The reader of frames is itself held against a session that goes well."""
    got = converse(worker.port, [handshake(), OPEN], until=b'"type":"greeting"')
    said = [json.loads(frame.payload)["type"] for frame in frames.heard(got.body) if frame.opcode == TEXT]
    assert said[:2] == ["opened", "greeting"]
