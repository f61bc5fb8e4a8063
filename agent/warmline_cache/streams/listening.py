"""One listener's way through a stream, wherever it comes from."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import Protocol

from warmline_cache.entry import Found, Source
from warmline_cache.errors import LoadRefused, StreamTooLong, UpstreamError
from warmline_cache.key import Key
from warmline_cache.store.ports import StoredSlot
from warmline_cache.streams.broadcast import Broadcast, StreamLost
from warmline_cache.streams.heard import Heard

Speak = Callable[[], AsyncGenerator[bytes, None]]
"""Begins a load. It ends normally only after the origin said that it is complete; otherwise it raises."""

Whole = asyncio.Task[Found[bytes | None]]


class Desk(Protocol):
    """The streams of a cache, as far as a listener knows them."""

    def begin(self, listening: "Listening") -> Whole:
        """The lookup of the whole value; if it has to be loaded, here or elsewhere, a broadcast arrives."""

    async def arrival(self, key: Key, whole: Whole, heard: Broadcast | None) -> None:
        """Return when the whole is there, or a broadcast that is another than the one `heard` already."""

    def live(self, key: Key) -> Broadcast | None:
        """The broadcast of the key that can be listened to from its beginning."""

    def on_loss(self) -> None:
        """A listener lost its broadcast before the whole was there."""

    def left(self, source: Source | None) -> None:
        """A listener has gone before the whole was there."""


class Listening:
    """One listener's stream. `source` says who answered, from the first chunk on."""

    def __init__(self, streams: Desk, key: Key, speak: Speak) -> None:
        self.key = key
        self.speak = speak
        self.leads = False
        self.claimed: StoredSlot | None = None
        self.source: Source | None = None
        self._streams = streams
        self._whole: Whole | None = None
        self._heard = Heard()

    def loads_under(self, claimed: StoredSlot | None) -> None:
        """Its load is about to run under this claim."""
        self.claimed = claimed

    def leave(self) -> None:
        """The listener has gone; a load that it began goes on."""
        if self._whole is not None and not self._whole.done():
            self._whole.cancel()
            self._streams.left(self.source)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            whole = self._whole = self._streams.begin(self)
            try:
                async with contextlib.aclosing(self._hear(whole)) as chunks:
                    async for chunk in chunks:
                        yield chunk
                return
            except StreamTooLong:
                if self._heard.size or self.leads:
                    raise  # else its beginning was over before this listener came: it is loaded again

    async def _hear(self, whole: Whole) -> AsyncGenerator[bytes, None]:
        live: Broadcast | None = None
        while not whole.done():
            await self._streams.arrival(self.key, whole, live)
            live = self._streams.live(self.key)
            if live is None or whole.done():
                continue
            try:
                async with contextlib.aclosing(self._listen(live, whole)) as chunks:
                    async for chunk in chunks:
                        yield chunk
            except StreamLost:
                continue
            return
        found = whole.result()
        self.source = self.source or found.source
        again = self._heard.again()
        rest = again.new(found.value or b"")
        again.end()
        if rest:
            yield rest

    async def _listen(self, live: Broadcast, whole: Whole) -> AsyncGenerator[bytes, None]:
        """Raises StreamLost if the rest has to come from elsewhere, StreamBroken if `live` is another stream."""
        again = self._heard.again()
        try:
            async with contextlib.aclosing(live.listen()) as chunks:
                async for chunk in chunks:
                    if rest := again.new(chunk):
                        self._heard.add(rest)
                        self.source = Source.ORIGIN if self.leads else Source.JOINED
                        yield rest
            again.end()
        except StreamLost:
            if not whole.done():
                self._streams.on_loss()
            raise
        except (UpstreamError, LoadRefused) as error:
            if self._heard.size:
                raise
            raise StreamLost from error  # before anything was heard, a value past its time may stand in
