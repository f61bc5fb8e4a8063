"""Values that are heard while they are loaded: `get_or_stream` for spoken phrases.

The load runs as any other (one for the fleet, leased, kept only when complete); beside it, its chunks are broadcast to
this worker's listeners and relayed to those of others. Whoever loses the broadcast takes the whole value when it is
stored, or the load that takes over, from the byte where they are; or is told that it broke, if that sounds otherwise.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator
from functools import partial
from typing import Any, TypeVar

from warmline_cache.blame import blame, confess
from warmline_cache.entry import Found, Source
from warmline_cache.errors import StreamTooLong
from warmline_cache.key import Key
from warmline_cache.layered import Cache
from warmline_cache.streams.broadcast import Broadcast, StreamEnd, StreamLost
from warmline_cache.streams.forwarding import Forwarding
from warmline_cache.streams.listening import Listening, Speak
from warmline_cache.streams.relay import Relay

T = TypeVar("T")


class Streams:
    """Streams over the values of one cache, which holds bytes.

    `keep` bounds in bytes what is held of one stream under way, and what one listener may leave unread; `on_loss` hears
    of every listener who had to look elsewhere.
    """

    def __init__(self, cache: Cache[bytes], relay: Relay, *, keep: int, on_loss: Callable[[], None]) -> None:
        self._cache = cache
        self._relay = relay
        self._keep = keep
        self._on_loss = on_loss
        self._live: dict[str, tuple[Key, Broadcast]] = {}
        self._arrivals: dict[str, set[asyncio.Future[None]]] = {}
        self._following: dict[str, asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[Any]] = set()

    @contextlib.asynccontextmanager
    async def get_or_stream(self, key: Key, speak: Speak) -> AsyncIterator[Listening]:
        """The value of `key`, chunk by chunk as it comes. Leaving early stops nobody else's listening, nor the load.

        Iterating raises what `speak` raises, ListenerTooSlow if more than `keep` bytes are left unread, and
        StreamBroken if what was heard does not go on anywhere.
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
        """Nobody new joins the streams of these (see `channel.Listener`); who hears one hears it to its end."""
        groups, keys = set(groups), set(keys)
        for text, (key, _) in list(self._live.items()):
            if text in keys or not groups.isdisjoint(key.group_texts):
                del self._live[text]
                self._following.pop(text, None)

    def forget_all(self) -> None:
        """Nothing: phrases are named by what they say, and need no invalidation to be right."""

    async def aclose(self) -> None:
        """End what follows other workers' streams; close the cache first."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # -- for a listener

    def begin(self, listening: Listening) -> asyncio.Task[Found[bytes | None]]:
        """The lookup of the whole value; if it has to be loaded, here or elsewhere, a broadcast arrives."""
        return self._run(
            self._cache.get_or_load(
                listening.key,
                lambda: self._load(listening),
                elsewhere=lambda: self._follow(listening.key),
                claimed=listening.loads_under,
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

    def on_loss(self) -> None:
        """A listener lost its broadcast before the whole was there."""
        self._on_loss()

    def left(self, source: Source | None) -> None:
        """A listener has gone before the whole was there. If it heard any of it, its lookup was answered: the tally is
        told here, for the lookup itself never returned."""
        if source is not None:
            self._cache.tally.others[source] += 1

    # -- this worker's loads, and other workers'

    async def _load(self, listening: Listening) -> bytes:
        listening.leads = True
        self._unfollow(listening.key.text)
        with self._broadcast(listening.key) as live, self._forward(listening) as forwarding:
            with blame(self._cache.name):
                async with contextlib.aclosing(listening.speak()) as chunks:
                    async for chunk in chunks:
                        live.send(chunk)
                        forwarding.send(chunk)
            live.end(StreamEnd.COMPLETE)
            forwarding.end(StreamEnd.COMPLETE)
        value = live.whole()
        if value is None:
            raise StreamTooLong("longer than what is kept of one stream")
        return value

    @contextlib.contextmanager
    def _forward(self, listening: Listening) -> Iterator[Forwarding]:
        """The stream's way to other workers, who are told of a load that fails. One that claimed nothing tells them
        nothing: they could not know which invalidations it has seen."""
        claimed = listening.claimed
        forwarding = Forwarding(self._relay, listening.key.text, (None,) if claimed is None else claimed.tokens)
        self._run(self._beside(forwarding.run))
        try:
            yield forwarding
        except BaseException:
            forwarding.end(StreamEnd.LOST)
            raise

    def _follow(self, key: Key) -> None:
        """Called within the flight that waits for another worker's load."""
        if key.text in self._live:
            return
        flight = asyncio.current_task()
        assert flight is not None
        following = self._following[key.text] = self._run(self._beside(partial(self._copy, key)))
        flight.add_done_callback(lambda _: self._unfollow(key.text, following))

    def _unfollow(self, key: str, following: asyncio.Task[None] | None = None) -> None:
        """Its listeners go on elsewhere; not those of a stream that was forgotten, which goes on nowhere else."""
        current = self._following.get(key)
        if current is not None and following in (None, current):
            del self._following[key]
            current.cancel()

    async def _copy(self, key: Key) -> None:
        with self._broadcast(key) as live, contextlib.suppress(StreamLost):
            async with contextlib.aclosing(self._relay.follow(key.text, key.group_texts)) as chunks:
                async for chunk in chunks:
                    live.send(chunk)
            live.end(StreamEnd.COMPLETE)

    async def _beside(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """What no caller waits for: a fault of ours in it is logged."""
        with confess(self._cache.name):
            await work()

    @contextlib.contextmanager
    def _broadcast(self, key: Key) -> Iterator[Broadcast]:
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
            live.end(StreamEnd.LOST)
            if self._live.get(key.text, (key, None))[1] is live:
                del self._live[key.text]

    def _run(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.get_running_loop().create_task(work, name="stream")
        self._tasks.add(task)
        task.add_done_callback(self._on_end)
        return task

    def _on_end(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # its listener may have left, or heard the error from the broadcast
