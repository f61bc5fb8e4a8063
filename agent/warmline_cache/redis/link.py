"""One connection to Redis that many callers share.

Commands go out as they come and replies come back in order, so commands of one loop tick travel together and nobody
waits for a connection. A reply always finds its own command: a caller that gives up leaves an abandoned future behind
in the queue, never an unread reply on the wire (redis-py issues 2624 and 2665 are what happens otherwise). Dialling,
authentication, TLS, Sentinel and parsing are redis-py's.

Messages that the server pushes (RESP3) come in the same order as replies; `channel.py` rests on that.
"""

import asyncio
import math
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import structlog
from hiredis import PushNotification
from redis.exceptions import InvalidResponse, ReadOnlyError, RedisError, ResponseError

from warmline_cache.errors import StoreUnavailable
from warmline_cache.redis.dial import Dial
from warmline_cache.redis.wire import Wire
from warmline_cache.redis.words import quote, unavailable

Push = list[bytes]

_log = structlog.get_logger(__name__)


class Link:
    """A connection that is opened when first needed, and again after it was lost.

    `greet` runs on every new connection before anybody else's command; `on_push` receives pushes in order; `on_loss` is
    told when it breaks. `dial_timeout` bounds dialling and greeting, in seconds.
    """

    def __init__(
        self,
        dial: Dial,
        *,
        dial_timeout: float,
        greet: Callable[["Link"], Awaitable[None]] | None = None,
        on_push: Callable[[Push], None] | None = None,
        on_loss: Callable[[], None] | None = None,
    ) -> None:
        self._dial = dial
        self._dial_timeout = dial_timeout
        self._greet = greet
        self._on_push = on_push
        self._on_loss = on_loss
        self._wire: Wire | None = None
        self._pending: deque[asyncio.Future[Any]] = deque()
        self._reader: asyncio.Task[None] | None = None
        self._opening: asyncio.Task[None] | None = None
        self._ready = False
        self._closed = False
        self.heard = 0
        """How many replies and pushes have arrived, ever: unchanged means silence."""

    @property
    def ready(self) -> bool:
        """Whether it is connected and greeted."""
        return self._ready

    def __repr__(self) -> str:
        state = "closed" if self._closed else "up" if self._ready else "down"
        return f"<Link {state}, {len(self._pending)} pending>"

    async def call(self, *command: Any) -> Any:
        """The reply to one command. Raises StoreUnavailable if it cannot be had, ResponseError if it is an error."""
        if not self._ready:
            await self.open()
        return await self.send(*command)

    async def call_all(self, commands: Sequence[tuple[Any, ...]]) -> list[Any]:
        """The replies to all commands, which go out before the first is waited for. Raises as `call` does, once every
        reply is there."""
        if not self._ready:
            await self.open()
        sent: list[asyncio.Future[Any]] = []
        try:
            for command in commands:
                sent.append(self.send(*command))  # noqa: PERF401  # what was sent before one fails is waited for, too
        finally:
            replies = await asyncio.gather(*sent, return_exceptions=True)
        for reply in replies:
            if isinstance(reply, BaseException):
                raise reply
        return replies

    async def open(self) -> None:
        """Return when connected and greeted. Raises StoreUnavailable. All who wait share one attempt."""
        if self._ready:
            return
        if self._closed:
            raise StoreUnavailable("the link was closed")
        if self._opening is None:
            self._opening = asyncio.get_running_loop().create_task(self._open(), name="redis link: open")
            self._opening.add_done_callback(_drop_error)
        await asyncio.shield(self._opening)

    def send(self, *command: Any) -> asyncio.Future[Any]:
        """The reply to come, on the connection as it is now; for `greet`. Raises StoreUnavailable."""
        self._post(*command)
        reply: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._pending.append(reply)
        return reply

    def subscribe(self, *channels: str) -> None:
        """Subscribe. There is no reply: Redis confirms by a push, before the reply to any later command."""
        self._post("SUBSCRIBE", *channels)

    def reset(self, reason: str) -> None:
        """Give the connection up: what is pending fails, the next call dials anew."""
        if self._wire is not None:
            self._drop(self._wire, StoreUnavailable(reason))

    async def aclose(self) -> None:
        """Close for good and wait for the tasks."""
        self._closed = True
        opening, reader = self._opening, self._reader
        if opening is not None:
            opening.cancel()
        self.reset("the link was closed")
        tasks = [task for task in (opening, reader) if task is not None]
        await asyncio.gather(*tasks, return_exceptions=True)  # whatever ended them has been told to who waited

    async def _open(self) -> None:
        try:
            async with asyncio.timeout(self._dial_timeout):
                await self._connect()
        except (TimeoutError, RedisError, OSError) as error:
            self.reset("could not connect")
            raise unavailable(error) from error
        except BaseException as error:
            self.reset("could not connect")
            if isinstance(error, StoreUnavailable) or not isinstance(error, Exception):
                raise
            _log.error("redis_greeting_unreadable", exc_info=error)  # bytes of no Redis make redis-py raise anything
            raise StoreUnavailable(f"its greeting cannot be read: {quote(error)}") from error
        finally:
            self._opening = None
        if self._wire is None:
            raise StoreUnavailable("the connection was lost at once")
        self._ready = True

    async def _connect(self) -> None:
        wire = self._wire = await self._dial()
        self._reader = asyncio.get_running_loop().create_task(self._read(wire), name="redis link: read")
        self._reader.add_done_callback(_drop_error)
        # Here and not in the reader alone: a task that is cancelled before its first step never comes to its `finally`.
        self._reader.add_done_callback(lambda _: wire.hang_up())
        if self._greet is not None:
            await self._greet(self)

    def _post(self, *command: Any) -> None:
        wire = self._wire
        if wire is None:
            raise StoreUnavailable("Redis is not connected")
        try:
            wire.post(*command)
        except (RedisError, OSError, RuntimeError) as error:  # uvloop says RuntimeError of a closing transport
            self._drop(wire, error)
            raise StoreUnavailable(quote(error)) from error

    async def _read(self, wire: Wire) -> None:
        """Hand out what arrives until the connection breaks."""
        ended: Exception = StoreUnavailable("the connection was given up")
        try:
            while self._wire is wire:
                await self._read_one(wire)
        except (RedisError, OSError) as error:
            ended = error
        except Exception as error:  # noqa: BLE001  # logged: bytes of no Redis, or a fault of ours in `on_push`
            _log.error("redis_reply_unreadable", exc_info=error)
            ended = error
        finally:
            self._drop(wire, ended)
            await wire.disconnect(nowait=not self._closed)

    async def _read_one(self, wire: Wire) -> None:
        try:
            arrived = await wire.read_response(timeout=math.inf, disconnect_on_error=False, push_request=True)
        except ResponseError as error:
            self._answer(error)
            if isinstance(error, ReadOnlyError):
                raise  # a master that became a replica: ask again who is master
            return
        if isinstance(arrived, PushNotification):
            self.heard += 1
            if self._on_push is not None:
                self._on_push(arrived)
        else:
            self._answer(arrived)

    def _answer(self, arrived: Any) -> None:
        self.heard += 1
        if not self._pending:
            raise InvalidResponse("a reply to nothing")
        reply = self._pending.popleft()
        if reply.done():
            return
        if isinstance(arrived, ResponseError):
            reply.set_exception(arrived)
        else:
            reply.set_result(arrived)

    def _drop(self, wire: Wire, error: Exception) -> None:
        if self._wire is not wire:
            return
        self._wire, self._ready = None, False
        pending, self._pending = self._pending, deque()
        for reply in pending:
            if not reply.done():
                reply.set_exception(StoreUnavailable(quote(error)))
        if self._reader is not None and self._reader is not asyncio.current_task():
            self._reader.cancel()
        if self._on_loss is not None:
            self._on_loss()


def _drop_error(task: asyncio.Task[None]) -> None:
    """Whoever waited for it may have left: its error is nobody's any more."""
    if not task.cancelled():
        task.exception()
