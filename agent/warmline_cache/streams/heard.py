"""What a listener has heard of a stream that may go on from somewhere else.

Two loads of one phrase need not sound alike. A listener who has lost one and goes on in another, or in the whole value
that came of another, would hear words twice or not at all; so what was heard is compared before he hears on.
"""

from hashlib import blake2b

from warmline_cache.errors import StreamBroken


class Heard:
    """How much was heard, and what: by its digest."""

    def __init__(self) -> None:
        self.size = 0
        self._digest = blake2b(digest_size=16)

    def add(self, chunk: bytes) -> None:
        """This was heard."""
        self.size += len(chunk)
        self._digest.update(chunk)

    def again(self) -> "Again":
        """For somebody who begins at the beginning once more."""
        return Again(self.size, self._digest.digest())


class Again:
    """Leaves out what was heard already, of a stream from its beginning on."""

    def __init__(self, size: int, digest: bytes) -> None:
        self._left = size
        self._expected = digest
        self._digest = blake2b(digest_size=16)

    def new(self, chunk: bytes) -> bytes:
        """What of `chunk` was not heard yet. Raises StreamBroken once it is certain that another stream was heard."""
        if not self._left:
            return chunk
        heard, rest = chunk[: self._left], chunk[self._left :]
        self._digest.update(heard)
        self._left -= len(heard)
        if not self._left and self._digest.digest() != self._expected:
            raise StreamBroken("what was heard is not the beginning of what there is")
        return rest

    def end(self) -> None:
        """The stream is over. Raises StreamBroken if more than all of it was heard."""
        if self._left:
            raise StreamBroken("more was heard than there is")
