"""What a worker wrote of a session is read by workers of the releases beside it, before and after."""

import msgspec

from warmline.session.machine import Phase, State
from warmline.session.messages import Line, Who
from warmline.upstream.ports import Voice

VOICE = Voice(model="bulbul:v3", speaker="priya", language="en-IN", sample_rate=8000)
KEPT = State("reception", Phase.SPEAKING, 3, "Because.", 4000, (Line(Who.AGENT, "Hi"),), slot="agent-1/2", voice=VOICE)


class WithoutVoice(msgspec.Struct):
    """As it was written before a session kept its voice."""

    agent: str
    phase: Phase
    turn: int
    text: str
    said: int
    history: tuple[Line, ...]
    draining: bool
    slot: str


def test_a_session_is_read_as_it_was_written() -> None:
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(KEPT), type=State) == KEPT


def test_a_session_of_a_release_that_kept_no_voice_is_read() -> None:
    before = msgspec.msgpack.encode(msgspec.msgpack.decode(msgspec.msgpack.encode(KEPT), type=WithoutVoice))
    assert msgspec.msgpack.decode(before, type=State) == msgspec.structs.replace(KEPT, voice=None)


def test_a_release_that_knows_no_voice_reads_a_session_that_has_one() -> None:
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(KEPT), type=WithoutVoice).said == KEPT.said
