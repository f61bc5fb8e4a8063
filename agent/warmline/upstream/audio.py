"""What came as audio → samples as they were asked for, or a refusal. Pure.

Sarvam is asked for headerless signed 16-bit little-endian mono PCM, and some of its releases sent a WAVE file all the
same (github.com/livekit/agents, issues 5086 and 5267). A header is therefore obeyed: the samples are taken out of what
lies around them, and a header that says another rate, width or number of channels than was asked for is refused, as is
what begins as another format does. Otherwise noise would be played, and kept for the next caller.

WAVE: "Multimedia Programming Interface and Data Specifications 1.0" (IBM, Microsoft, 1991), and WAVE_FORMAT_EXTENSIBLE.
MPEG audio: ISO/IEC 11172-3 and 13818-3, 2.4.2.3. AAC: ADTS, ISO/IEC 13818-7, 6.2.
"""

import struct

from warmline.errors import UpstreamRejected
from warmline.upstream.riff import WaveHeader

SAMPLE_BYTES = 2

_MAGIC = {
    b"ID3": "mp3",
    b"OggS": "Ogg",
    b"fLaC": "FLAC",
    b"FORM": "AIFF",
    b".snd": "AU",
    b"RIFX": "big-endian WAVE",
    b"RF64": "RF64",
    b"BW64": "BW64",
    b"caff": "CAF",
    b"#!AMR": "AMR",
    b"wvpk": "WavPack",
    b"MAC ": "Monkey's Audio",
    b"\x1aE\xdf\xa3": "WebM",
    b"RIFF": "a RIFF file that is no WAVE file",
}
_WAVE = b"RIFF"
_SNIFFED = 12
"""Bytes by which a file is told from samples."""

_BEGINNING = 16 * 1024
"""Bytes by which anything is told apart: the longest frame of MPEG audio or ADTS, and the beginning of the next."""

_MOST_CHUNKS = 200
"""Of all headers in one part, some fifty files' or more: each costs the event loop microseconds, and holds nothing that
anybody hears. Dozens of parts may come at once."""

_PCM, _EXTENSIBLE = 1, 0xFFFE
_PCM_SUBTYPE = bytes.fromhex("0100000000001000800000aa00389b71")


class Samples:
    """Takes the samples at `rate` out of what a provider sends, part by part: parts may be cut anywhere.

    `upstream` is who is blamed. A part that begins with a WAVE header begins another file.
    """

    def __init__(self, upstream: str, rate: int) -> None:
        self._upstream = upstream
        self._rate = rate
        self._head: bytes | None = b""
        """What has come of a beginning that cannot be told apart yet; None behind it."""
        self._header: WaveHeader | None = None
        """The header of the file that has begun; None within samples."""
        self._left: int | None = None
        """Bytes that the file's data chunk still owes; None without a file, or where it does not say."""
        self._tail = 0
        """Bytes of the file behind its data, which are no samples."""
        self._half = b""

    def feed(self, part: bytes) -> bytes:
        """The whole samples that have become known. Raises UpstreamRejected."""
        if self._head is None and self._header is None and _begins_wave(part):
            self._end_file()
            self._head = b""
        found, rest, chunks = bytearray(), memoryview(part), 0
        while rest:
            if self._head is not None:
                rest = self._begin(rest)
            if self._header is not None:
                header, before = self._header, self._header.chunks
                rest = self._read_header(header, rest)
                chunks += header.chunks - before
            if chunks > _MOST_CHUNKS:
                raise self._refusal(f"WAVE files with more than {_MOST_CHUNKS} chunks in one part")
            data, rest = self._data(rest)
            found += self._whole(bytes(data))
        return bytes(found)

    def end(self) -> bytes:
        """What was held back. Raises UpstreamRejected if the audio is not complete."""
        if self._header is not None:
            raise self._refusal("a WAVE file ended within its header")
        rest = b""
        if self._head:
            self._check_magic(self._head)
            rest, self._head = self._whole(self._head), None
        self._end_file()
        return rest

    def _begin(self, part: memoryview) -> memoryview:
        """A beginning, once it is clear what it is; nothing before that."""
        if self._head:
            part = memoryview(self._head + part)
        begins = bytes(part[:_BEGINNING])
        if not _told_apart(begins):
            self._head = begins
            return part[len(part) :]
        self._head = None
        if _begins_wave(begins):
            self._header = WaveHeader()
        else:
            self._check_magic(begins)
        return part

    def _read_header(self, header: WaveHeader, part: memoryview) -> memoryview:
        """What of a part is behind a file's header."""
        rest = header.feed(part)
        if header.endless:
            raise self._refusal("a WAVE file whose data does not begin")
        if header.data is not None:
            self._check_form(header.form)
            self._left, self._tail = header.extent(header.data)
            self._header = None
        return rest

    def _data(self, part: memoryview) -> tuple[memoryview, memoryview]:
        """The data in a part, and what of it may begin the next file."""
        if self._left is None:
            return part, part[len(part) :]
        data, behind = part[: self._left], part[self._left :]
        self._left -= len(data)
        if self._left == 0 and len(behind) >= self._tail:
            behind = behind[self._tail :]
            self._left, self._tail, self._head = None, 0, b""
            # What else lies behind a file is nobody's.
            return data, behind if _WAVE.startswith(bytes(behind[:4])) else behind[len(behind) :]
        self._tail -= len(behind)
        return data, behind[len(behind) :]

    def _whole(self, data: bytes) -> bytes:
        data = self._half + data
        whole = len(data) & ~1
        self._half = data[whole:]
        return data[:whole]

    def _end_file(self) -> None:
        if self._left:
            raise self._refusal(f"the data of a WAVE file ended {self._left} bytes early")
        if self._half:
            raise self._refusal("the audio ended within a sample")
        self._left, self._tail = None, 0

    def _check_magic(self, head: bytes) -> None:
        for magic, name in _MAGIC.items():
            if head.startswith(magic):
                raise self._refusal(f"{name} where samples were asked for")
        if head[4:8] == b"ftyp":
            raise self._refusal("MP4 where samples were asked for")
        if _mpeg_frames(head):
            raise self._refusal("MPEG audio where samples were asked for")

    def _check_form(self, form: bytes) -> None:
        kind, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", form)
        if kind == _EXTENSIBLE and form[24:40] == _PCM_SUBTYPE:
            kind = _PCM
        if (kind, channels, rate, bits) != (_PCM, 1, self._rate, 16):
            raise self._refusal(
                f"a WAVE file of format {kind}, {channels} channels, {rate} Hz and {bits} bits; "
                f"asked for were format {_PCM}, 1 channel, {self._rate} Hz and 16 bits"
            )

    def _refusal(self, detail: str) -> UpstreamRejected:
        return UpstreamRejected(self._upstream, detail)


def _begins_wave(part: bytes) -> bool:
    return part[:4] == b"RIFF" and part[8:12] == b"WAVE"


def _told_apart(head: bytes) -> bool:
    """Whether enough has come: what could begin a file is awaited, and what could not is not held back."""
    if len(head) < _SNIFFED:
        return not (head[:1] in {b"", b"\xff"} or head[:3] == bytes(3)[: len(head)] or _begins_as(head))
    length = _mpeg_frame(head)
    return length is None or len(head) >= length + 4


def _begins_as(head: bytes) -> bool:
    return any(head.startswith(magic) or magic.startswith(head) for magic in _MAGIC)


def _mpeg_frames(head: bytes) -> bool:
    """Whether two frames of MPEG audio or ADTS follow each other; one alone may well be samples."""
    length = _mpeg_frame(head)
    return length is not None and _mpeg_frame(head[length:]) is not None and head[1] == head[length + 1]


_BITRATES = {  # kbit/s by MPEG version 1 or not, and layer: ISO/IEC 11172-3 and 13818-3
    (True, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (True, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, 1): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (False, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
}
_RATES = (44100, 48000, 32000)
_HALVED = {3: 1, 2: 2, 0: 4}
"""By the two bits of the version: 1, 2 and 2.5 have the rate, its half and its quarter."""


def _mpeg_frame(head: bytes) -> int | None:
    """The length of the frame that begins here; None if none does."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    version, layer = head[1] >> 3 & 3, 4 - (head[1] >> 1 & 3)
    if layer == 4:
        return _adts_frame(head)
    bitrate, rate, padding = head[2] >> 4, head[2] >> 2 & 3, head[2] >> 1 & 1
    if version == 1 or bitrate in {0, 15} or rate == 3:
        return None
    bits = _BITRATES[version == 3, layer][bitrate - 1] * 1000
    hertz = _RATES[rate] // _HALVED[version]
    if layer == 1:
        return (12 * bits // hertz + padding) * 4
    return (72 if layer == 3 and version != 3 else 144) * bits // hertz + padding


def _adts_frame(head: bytes) -> int | None:
    if head[1] & 0xF6 != 0xF0 or len(head) < 6 or head[2] >> 2 & 15 > 12:
        return None
    length = (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5
    return length if length > 7 else None
