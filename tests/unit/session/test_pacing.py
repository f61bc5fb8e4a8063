"""Frames, and how far ahead of what is heard they leave; how many messages a client may send."""

import struct

from hypothesis import given
from hypothesis import strategies as st

from warmline.session.pacing import Pace, frames


@given(st.integers(0, 5000), st.integers(1, 700), st.integers(0, 2**20))
def test_frames_are_the_audio_whole_in_order_and_numbered(samples: int, most: int, start: int) -> None:
    pcm = struct.pack(f"<{samples}h", *(number % 3000 for number in range(samples)))
    heard, expected = b"", start
    for count, frame in frames(7, start, pcm, most=most):
        turn, first = struct.unpack_from("<II", frame)
        assert (turn, first) == (7, expected)
        assert len(frame) == 8 + 2 * count <= 8 + 2 * most
        heard += frame[8:]
        expected += count
    assert heard == pcm


def test_the_first_lead_leaves_at_once_and_the_rest_in_real_time() -> None:
    pace, now, sent = Pace(0.4), 0.0, []
    for _ in range(20):
        now += pace.pause(now)
        sent.append(round(now, 3))
        pace.record_frame(0.1, now)
    assert sent[:5] == [0.0] * 5
    assert sent[5:] == [round(0.1 * number, 3) for number in range(1, 16)]


def test_after_a_gap_nobody_runs_after_the_lost_time() -> None:
    pace = Pace(0.4)
    pace.record_frame(0.1, 0.0)
    pace.record_frame(0.1, 10.0)
    assert pace.pause(10.0) == 0.0
    for _ in range(4):
        pace.record_frame(0.1, 10.0)
    assert round(pace.pause(10.0), 3) == 0.1
