"""Audio as frames, a little ahead of real time.

What was sent cannot be taken back, so only a short lead is sent at once: an interruption leaves no more than that in
sockets and proxies. All pure.
"""

import struct
from collections.abc import Iterator

SAMPLE_BYTES = 2
_HEADER = struct.Struct("<II")


def frames(turn: int, start: int, pcm: bytes, *, most: int) -> Iterator[tuple[int, bytes]]:
    """The samples from `start` on as frames of at most `most` samples, each with how many it holds.

    A frame is its turn and the number of its first sample, both unsigned 32-bit little-endian, then s16le PCM.
    """
    view = memoryview(pcm)
    size = most * SAMPLE_BYTES
    for at in range(0, len(view), size):
        part = view[at : at + size]
        yield len(part) // SAMPLE_BYTES, _HEADER.pack(turn, start + at // SAMPLE_BYTES) + part


class Pace:
    """How long to wait before the next frame, so that no more than `lead` seconds are sent ahead of what is heard."""

    def __init__(self, lead: float) -> None:
        self._lead = lead
        self._heard_at: float | None = None

    def pause(self, now: float) -> float:
        """Seconds to wait from `now` on."""
        return 0.0 if self._heard_at is None else max(0.0, self._heard_at - now - self._lead)

    def record_frame(self, seconds: float, now: float) -> None:
        """Record that a frame of `seconds` has left. After a gap the listener hears the frame at once."""
        begins = now if self._heard_at is None else max(self._heard_at, now)
        self._heard_at = begins + seconds
