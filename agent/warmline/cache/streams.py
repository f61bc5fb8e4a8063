"""Values that are heard while they are loaded: `get_or_stream` for spoken phrases.

The load runs as any other (one for the fleet, leased, kept only when complete); beside it, its chunks are broadcast to
this worker's listeners and relayed to those of others. Whoever loses the broadcast takes the whole value when it is
stored, or the load that takes over, from the byte where they are.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Iterable, Iterator
from typing import Any, TypeVar

from warmline.cache.broadcast import Broadcast, End, StreamLost
from warmline.cache.entry import Found, Source
from warmline.cache.key import Key
from warmline.cache.layered import Cache
from warmline.cache.relay import Relay
from warmline.errors import SpendLimitReached, StoreUnavailable, StreamTooLong, UpstreamError

T = TypeVar("T")

Speak = Callable[[], AsyncGenerator[bytes, None]]
"""Begins a load. It ends normally only after the origin said that it is complete; otherwise it raises."""


class Streams:
    """Streams over the values of one cache, which holds bytes.

    `keep` bounds in bytes what is held of one stream under way, and what one listener may leave unread; `lost` is told
    of every listener who had to look elsewhere.
    """

    def __init__(self, cache: Cache[bytes], relay: Relay, *, keep: int, lost: Callable[[], None]) -> None:
        self._cache = cache
        self._relay = relay
        self._keep = keep
        self._lost = lost
        self._live: dict[str, tuple[Key, Broadcast]] = {}
        self._arrivals: dict[str, set[asyncio.Future[None]]] = {}
        self._tasks: set[asyncio.Task[Any]] = set()

    @contextlib.asynccontextmanager
    async def get_or_stream(self, key: Key, speak: Speak) -> AsyncIterator["Listening"]:
        """The value of `key`, chunk by chunk as it comes. Leaving early stops nobody else's listening, nor the load.

        Iterating raises what `speak` raises, and ListenerTooSlow if more than `keep` bytes are left unread.
        """
        listening = Listening(self, key, speak)
        try:
            yield listening
        finally:
            listening.leave()

    async def peek(self, key: Key) -> Found[bytes | None] | None:
        """See `Cache.peek`."""
        return await self._cache.peek(key)

    def forget(self, groups: Iterable[str], keys: Iterable[str]) -> None:
        """Nobody new joins the streams of these (see `channel.Listener`)."""
        groups, keys = set(groups), set(keys)
        for text, (key, _) in list(self._live.items()):
            if text in keys or not groups.isdisjoint(key.group_texts):
                del self._live[text]

    def forget_all(self) -> None:
        """Nothing: phrases are named by what they say, and need no invalidation to be right."""

    async def aclose(self) -> None:
        """End what follows other workers' streams; close the cache first."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # -- for a listener

    def begin(self, listening: "Listening") -> asyncio.Task[Found[bytes | None]]:
        """The lookup of the whole value; if it has to be loaded, here or elsewhere, a broadcast arrives."""
        return self._run(
            self._cache.get_or_load(
                listening.key,
                lambda: self._load(listening),
                elsewhere=lambda: self._follow(listening.key),
            )
        )

    async def arrival(self, key: Key, whole: asyncio.Future[Found[bytes | None]], heard: Broadcast | None) -> None:
        """Return when the whole is there, or a broadcast that is another than the one `heard` already."""
        text = key.text
        while not whole.done() and self.live(key) in (None, heard):
            arrived = asyncio.get_running_loop().create_future()
            waiting = self._arrivals.setdefault(text, set())
            waiting.add(arrived)
            try:
                await asyncio.wait({whole, arrived}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                waiting.discard(arrived)
                if not waiting:
                    self._arrivals.pop(text, None)

    def live(self, key: Key) -> Broadcast | None:
        """The broadcast of the key that can be listened to from its beginning."""
        _, live = self._live.get(key.text, (key, None))
        return live if live is not None and live.joinable else None

    def looked_elsewhere(self) -> None:
        """A listener lost its broadcast before the whole was there."""
        self._lost()

    def left(self, source: Source | None) -> None:
        """A listener has gone before the whole was there. If it heard any of it, its lookup was answered: the tally is
        told here, for the lookup itself never returned."""
        if source is not None:
            self._cache.tally.others[source] += 1

    # -- this worker's loads, and other workers'

    async def _load(self, listening: "Listening") -> bytes:
        listening.leads = True
        key = listening.key
        with self._broadcasting(key) as live:
            relaying = await self._relayed(self._relay.begin(key.text, key.group_texts))
            async with contextlib.aclosing(listening.speak()) as chunks:
                async for chunk in chunks:
                    live.send(chunk)
                    relaying = relaying and await self._relayed(self._relay.send(key.text, chunk))
            live.end(End.COMPLETE)
            if relaying:
                await self._relayed(self._relay.end(key.text))
        value = live.whole()
        if value is None:
            raise StreamTooLong("longer than what is kept of one stream")
        return value

    async def _relayed(self, sending: Coroutine[Any, Any, None]) -> bool:
        """Whether the relay took it; after a gap it gets no more, for its readers must not hear one."""
        try:
            await sending
        except StoreUnavailable:
            return False
        return True

    def _follow(self, key: Key) -> None:
        """Called within the flight that waits for another worker's load."""
        if key.text in self._live:
            return
        flight = asyncio.current_task()
        assert flight is not None
        following = self._run(self._copy(key))
        flight.add_done_callback(lambda _: following.cancel())

    async def _copy(self, key: Key) -> None:
        with self._broadcasting(key) as live, contextlib.suppress(StreamLost):
            async with contextlib.aclosing(self._relay.follow(key.text, key.group_texts)) as chunks:
                async for chunk in chunks:
                    live.send(chunk)
            live.end(End.COMPLETE)

    @contextlib.contextmanager
    def _broadcasting(self, key: Key) -> Iterator[Broadcast]:
        """A broadcast that listeners find, and that ends with the block: by its error, or lost if it ended early."""
        live = Broadcast(keep=self._keep, backlog=self._keep)
        self._live[key.text] = (key, live)
        for arrived in self._arrivals.get(key.text, ()):
            if not arrived.done():
                arrived.set_result(None)
        try:
            yield live
        except Exception as error:
            live.end(error)
            raise
        finally:
            live.end(End.LOST)
            if self._live.get(key.text, (key, None))[1] is live:
                del self._live[key.text]

    def _run(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.get_running_loop().create_task(work, name="stream")
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # its listener may have left, or heard the error from the broadcast


class Listening:
    """One listener's stream. `source` says who answered, from the first chunk on."""

    def __init__(self, streams: Streams, key: Key, speak: Speak) -> None:
        self.key = key
        self.speak = speak
        self.leads = False
        self.source: Source | None = None
        self._streams = streams
        self._whole: asyncio.Task[Found[bytes | None]] | None = None
        self._heard = 0

    def leave(self) -> None:
        """The listener has gone; a load that it began goes on."""
        if self._whole is not None and not self._whole.done():
            self._whole.cancel()
            self._streams.left(self.source)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        whole = self._whole = self._streams.begin(self)
        live: Broadcast | None = None
        while not whole.done():
            await self._streams.arrival(self.key, whole, live)
            live = self._streams.live(self.key)
            if live is None or whole.done():
                continue
            try:
                async for chunk in self._listen(live, whole):
                    yield chunk
            except StreamLost:
                continue
            return
        found = whole.result()
        self.source = self.source or found.source
        if rest := (found.value or b"")[self._heard :]:
            yield rest

    async def _listen(self, live: Broadcast, whole: asyncio.Future[Found[bytes | None]]) -> AsyncIterator[bytes]:
        """Raises StreamLost if the rest has to come from elsewhere."""
        try:
            async with contextlib.aclosing(live.listen(skip=self._heard)) as chunks:
                async for chunk in chunks:
                    self._heard += len(chunk)
                    self.source = Source.ORIGIN if self.leads else Source.JOINED
                    yield chunk
        except StreamLost:
            if not whole.done():
                self._streams.looked_elsewhere()
            raise
        except (UpstreamError, SpendLimitReached) as error:
            if self._heard:
                raise
            raise StreamLost from error  # before anything was heard, a value past its time may stand in
