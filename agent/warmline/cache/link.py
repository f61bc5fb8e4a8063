"""One connection to Redis that many callers share.

Commands go out as they come and replies come back in order, so commands of one loop tick travel together and nobody
waits for a connection. A reply always finds its own command: a caller that gives up leaves an abandoned future behind
in the queue, never an unread reply on the wire (redis-py issues 2624 and 2665 are what happens otherwise). Dialling,
authentication, TLS, Sentinel and parsing are redis-py's.

Messages that the server pushes (RESP3) come in the same order as replies; `invalidation.py` rests on that.
"""

import asyncio
import contextlib
import math
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from hiredis import PushNotification
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ReadOnlyError, RedisError, ResponseError

from warmline.cache.dial import Dial
from warmline.errors import StoreUnavailable

Push = list[bytes]


class Link:
    """A connection that is opened when first needed, and again after it was lost.

    `dial` makes a redis-py connection with RESP3 and no socket timeout of its own. `greet` runs on every
    new connection before anybody else's command; `pushed` receives pushes in order; `lost` is told when it breaks.
    `dial_timeout` bounds connecting and greeting, in seconds.
    """

    def __init__(
        self,
        dial: Dial,
        *,
        dial_timeout: float,
        greet: Callable[["Link"], Awaitable[None]] | None = None,
        pushed: Callable[[Push], None] | None = None,
        lost: Callable[[], None] | None = None,
    ) -> None:
        self._dial = dial
        self._dial_timeout = dial_timeout
        self._greet = greet
        self._pushed = pushed
        self._lost = lost
        self._connection: AbstractConnection | None = None
        self._pending: deque[asyncio.Future[Any]] = deque()
        self._reader: asyncio.Task[None] | None = None
        self._opening: asyncio.Task[None] | None = None
        self._ready = False
        self._closed = False
        self.heard = 0
        """How many replies and pushes have arrived, ever: unchanged means silence."""

    def __repr__(self) -> str:
        state = "closed" if self._closed else "up" if self._ready else "down"
        return f"<Link {state}, {len(self._pending)} pending>"

    async def call(self, *command: Any) -> Any:
        """The reply to one command. Raises StoreUnavailable if it cannot be had, ResponseError if it is an error."""
        if not self._ready:
            await self.open()
        return await self.send(*command)

    async def open(self) -> None:
        """Return when connected and greeted. Raises StoreUnavailable. All who wait share one attempt."""
        if self._ready:
            return
        if self._closed:
            raise StoreUnavailable("the link was closed")
        if self._opening is None:
            self._opening = asyncio.get_running_loop().create_task(self._open(), name="redis link: open")
        await asyncio.shield(self._opening)

    async def send(self, *command: Any) -> Any:
        """As `call`, on the connection as it is now; for `greet`."""
        connection = self._connection
        if connection is None:
            raise StoreUnavailable("Redis is not connected")
        reply: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._pending.append(reply)
        try:
            # Nothing is awaited before the bytes are written: the queue and the wire stay in the same order.
            await connection.send_packed_command(connection.pack_command(*command), check_health=False)
        except (RedisError, OSError) as error:
            self._drop(connection, error)
        return await reply

    async def subscribe(self, *channels: str) -> None:
        """Subscribe. Nothing is waited for: Redis confirms by a push, before the reply to any later command."""
        if self._connection is None:
            raise StoreUnavailable("Redis is not connected")
        await self._connection.send_packed_command(
            self._connection.pack_command("SUBSCRIBE", *channels), check_health=False
        )

    def reset(self, reason: str) -> None:
        """Give the connection up: what is pending fails, the next call dials anew."""
        if self._connection is not None:
            self._drop(self._connection, StoreUnavailable(reason))

    async def aclose(self) -> None:
        """Close for good and wait for the tasks."""
        self._closed = True
        opening, reader = self._opening, self._reader
        if opening is not None:
            opening.cancel()
        self.reset("the link was closed")
        for task in (opening, reader):
            if task is not None:
                with contextlib.suppress(asyncio.CancelledError, StoreUnavailable):
                    await task

    async def _open(self) -> None:
        try:
            async with asyncio.timeout(self._dial_timeout):
                await self._connect()
        except (TimeoutError, RedisError, OSError) as error:
            self.reset("could not connect")
            raise StoreUnavailable(str(error) or type(error).__name__) from error
        except BaseException:
            self.reset("could not connect")
            raise
        finally:
            self._opening = None
        self._ready = True

    async def _connect(self) -> None:
        connection = self._connection = await self._dial()
        self._reader = asyncio.get_running_loop().create_task(self._read(connection), name="redis link: read")
        if self._greet is not None:
            await self._greet(self)

    async def _read(self, connection: AbstractConnection) -> None:
        """Hand out what arrives until the connection breaks."""
        try:
            while self._connection is connection:
                try:
                    arrived = await connection.read_response(
                        timeout=math.inf, disconnect_on_error=False, push_request=True
                    )
                except ResponseError as error:
                    self.heard += 1
                    self._fail_one(error)
                    if isinstance(error, ReadOnlyError):
                        raise  # a master that became a replica: ask again who is master
                    continue
                self.heard += 1
                if isinstance(arrived, PushNotification):
                    if self._pushed is not None:
                        self._pushed(arrived)
                else:
                    self._settle(arrived)
        except (RedisError, OSError) as error:
            self._drop(connection, error)
        finally:
            await connection.disconnect(nowait=not self._closed)

    def _settle(self, reply: Any) -> None:
        waiting = self._pending.popleft()
        if not waiting.done():
            waiting.set_result(reply)

    def _fail_one(self, error: Exception) -> None:
        waiting = self._pending.popleft()
        if not waiting.done():
            waiting.set_exception(error)

    def _drop(self, connection: AbstractConnection, error: Exception) -> None:
        if self._connection is not connection:
            return
        self._connection, self._ready = None, False
        pending, self._pending = self._pending, deque()
        for waiting in pending:
            if not waiting.done():
                waiting.set_exception(StoreUnavailable(str(error) or type(error).__name__))
        if self._reader is not None and self._reader is not asyncio.current_task():
            self._reader.cancel()
        if self._lost is not None:
            self._lost()
