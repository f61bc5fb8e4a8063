"""One stream of bytes, many listeners, none of whom can hold up the stream or each other.

What has been sent is kept, up to a bound, for who joins late; beyond the bound it is not kept and nobody joins any
more. Each listener has a backlog of its own: references to the same chunks, bounded too.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Iterable
from enum import Enum, auto

from warmline_cache.errors import ListenerTooSlow


class StreamEnd(Enum):
    """How a broadcast ended."""

    COMPLETE = auto()
    LOST = auto()
    """The rest is not to be had this way; what was sent is right."""


class Broadcast:
    """`keep` bounds what late joiners find, `backlog` what one listener may leave unread; both in bytes.

    A chunk that comes when a listener has left nothing unread is not counted against it, however large.
    """

    def __init__(self, *, keep: int, backlog: int) -> None:
        self._keep = keep
        self._backlog = backlog
        self._sent: list[bytes] | None = []
        self._size = 0
        self._end: StreamEnd | BaseException | None = None
        self._listeners: set[_Listener] = set()

    @property
    def joinable(self) -> bool:
        """Whether its beginning is still there."""
        return self._sent is not None

    @property
    def ended(self) -> bool:
        """Whether nothing more will come."""
        return self._end is not None

    def whole(self) -> bytes | None:
        """All that was sent, if it was kept."""
        return None if self._sent is None else b"".join(self._sent)

    def send(self, chunk: bytes) -> None:
        """To everybody, now and later. Never waits."""
        self._size += len(chunk)
        if self._size > self._keep:
            self._sent = None
        if self._sent is not None:
            self._sent.append(chunk)
        for listener in self._listeners:
            listener.hear(chunk)

    def end(self, how: StreamEnd | BaseException) -> None:
        """Nothing more will come: complete, lost, or failed by an error that every listener gets."""
        if self._end is None:
            self._end = how
            if isinstance(how, BaseException):
                self._sent = None  # the error knows who was told it, us too: what was sent would live as long as it
            for listener in self._listeners:
                listener.news.set()

    async def listen(self) -> AsyncGenerator[bytes, None]:
        """Every chunk from the beginning on; ends when the broadcast is complete.

        Raises what the broadcast failed with, ListenerTooSlow, or StreamLost.
        """
        if self._sent is None:
            raise StreamLost
        listener = _Listener(self._sent, self._backlog)
        self._listeners.add(listener)
        try:
            while True:
                for chunk in listener.drain():
                    yield chunk
                if listener.silent and self._end is not None:
                    break
                await listener.wait()
        finally:
            self._listeners.discard(listener)
        if isinstance(self._end, BaseException):
            raise self._end
        if self._end is StreamEnd.LOST:
            raise StreamLost


class StreamLost(Exception):
    """A broadcast ended in the middle and no error of the origin is known; the listener looks elsewhere."""


class _Listener:
    def __init__(self, heard: Iterable[bytes], limit: int) -> None:
        self._chunks = deque((chunk, 0) for chunk in heard)
        self._size = 0
        self._limit = limit
        self._overrun = False
        self.news = asyncio.Event()

    @property
    def silent(self) -> bool:
        return not self._chunks

    def hear(self, chunk: bytes) -> None:
        counted = len(chunk) if self._chunks else 0
        self._size += counted
        # Whoever was late once hears nothing from behind the gap.
        if self._overrun or self._size > self._limit:
            self._overrun = True
            self._chunks.clear()
        else:
            self._chunks.append((chunk, counted))
        self.news.set()

    def drain(self) -> Iterable[bytes]:
        while self._chunks:
            chunk, counted = self._chunks.popleft()
            self._size -= counted
            yield chunk
        if self._overrun:
            raise ListenerTooSlow("the listener left more unread than is kept for one")

    async def wait(self) -> None:
        await self.news.wait()
        self.news.clear()
