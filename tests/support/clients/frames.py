"""WebSocket frames as bytes (RFC 6455, 5.2), a client's and what a server sends."""

import struct
from dataclasses import dataclass

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


@dataclass(frozen=True)
class Frame:
    """One frame as it was heard."""

    opcode: int
    payload: bytes

    @property
    def code(self) -> int:
        """Of a close frame."""
        return int.from_bytes(self.payload[:2], "big") if self.payload else 1005


def written(
    payload: bytes,
    opcode: int = TEXT,
    *,
    fin: bool = True,
    reserved: int = 0,
    mask: bytes | None = b"abcd",
    lie: int = 0,
) -> bytes:
    """A client's frame; `lie` is how much longer it says that it is, and without a mask it is none of a client's."""
    length = max(0, len(payload) + lie)
    first = bytes([fin << 7 | reserved << 4 | opcode])
    masked = bool(mask) << 7
    if length < 126:
        head = first + bytes([masked | length])
    elif length < 1 << 16:
        head = first + bytes([masked | 126]) + struct.pack(">H", length)
    else:
        head = first + bytes([masked | 127]) + struct.pack(">Q", length)
    if not mask:
        return head + payload
    return head + mask + bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))


def heard(data: bytes) -> list[Frame]:
    """A server's frames, whole ones; fails if they are not what a server may send."""
    frames = []
    while len(data) >= 2:
        assert data[0] & 0x70 == 0, "reserved bits"
        assert data[1] & 0x80 == 0, "a server masks nothing"
        length, start = data[1], 2
        if length > 125:
            start = 4 if length == 126 else 10
            length = int.from_bytes(data[2:start], "big")
        if len(data) < start + length:
            break
        frames.append(Frame(data[0] & 0x0F, data[start : start + length]))
        assert frames[-1].opcode in {TEXT, BINARY, CLOSE, PING, PONG}
        data = data[start + length :]
    return frames
