"""The header of a WAVE file, wherever it is cut. Pure.

"Multimedia Programming Interface and Data Specifications 1.0" (IBM, Microsoft, 1991).
"""

_LONGEST = 1024 * 1024
_MOST_CHUNKS = 200
"""A dozen is much."""

_FORM_BYTES = 40
_UNKNOWN = 0x7FFFF000
"""Sizes from here on say that the length was not known when the header was written, as does 0: encoders that write to a
pipe cannot go back."""


class WaveHeader:
    """Read part by part up to where the data begins: nothing of it is looked at twice.

    `form` is what its chunk `fmt ` says, of which the first 40 bytes are kept.
    """

    def __init__(self) -> None:
        self.form = b""
        self.data: int | None = None
        """How long the data is, by the header; None until it begins."""
        self.endless = False
        """Whether it is longer than anybody's."""
        self._take = self._take_riff
        self._wanted = 12
        self._held = bytearray()
        self._skip = self._behind = 0
        self._whole = 0
        self._length = 0
        self.chunks = 0
        """How many have begun."""

    def feed(self, part: memoryview) -> memoryview:
        """What of a part is behind the header."""
        while part and self.data is None and not self.endless:
            skipped = min(self._skip, len(part))
            self._skip -= skipped
            part = part[skipped:]
            wanted = self._wanted - len(self._held)
            self._held += part[:wanted]
            part = part[wanted:]
            if len(self._held) == self._wanted:
                read, self._held = bytes(self._held), bytearray()
                self._take(read)
        return part

    def extent(self, size: int) -> tuple[int | None, int]:
        """How long the data is (None: to the end), and how much of the file follows it."""
        if size == 0 or size >= _UNKNOWN:
            return None, 0
        return size, max(0, self._whole - self._length - size) if self._whole < _UNKNOWN else 0

    def _take_riff(self, read: bytes) -> None:
        self._whole = int.from_bytes(read[4:8], "little") + 8
        self._length = len(read)
        self._take, self._wanted = self._take_chunk, 8

    def _take_chunk(self, read: bytes) -> None:
        name, size = read[:4], int.from_bytes(read[4:], "little")
        self._length += len(read)
        self.chunks += 1
        if name == b"data" and len(self.form) >= 16:
            self.data = size
            return
        self._skip = size + size % 2
        self._length += self._skip
        self.endless = self._length > _LONGEST or self.chunks > _MOST_CHUNKS
        if name == b"fmt " and size:
            self._take, self._wanted = self._take_form, min(size, _FORM_BYTES)
            self._behind, self._skip = self._skip - self._wanted, 0

    def _take_form(self, read: bytes) -> None:
        self.form = read
        self._skip = self._behind
        self._take, self._wanted = self._take_chunk, 8
