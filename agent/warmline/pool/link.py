"""One WebSocket's life.

    opening ──► idle ◄──► busy
       │          │        │
       │          ├────────┴──► closing ──► closed
       └──────────┴─────────────────────────► closed

One task reads for as long as the socket is open, so that a close is noticed at once and not at the next write; while
the socket is idle it pings, for the provider closes what says nothing for a minute. What is read belongs to whoever
holds the socket; if nobody does, an old conversation goes on, and the socket cannot be trusted with a new one.
"""

import asyncio
import contextlib
from collections.abc import Callable

from warmline.pool.actions import SocketState
from warmline.pool.ports import Connect, Loss, SocketLost, SocketWire

UNREAD_FRAMES = 64
"""How far the provider may be ahead of whoever listens; then TCP holds it back."""

_NEXT = {
    SocketState.OPENING: {SocketState.IDLE, SocketState.CLOSED},
    SocketState.IDLE: {SocketState.BUSY, SocketState.CLOSING, SocketState.CLOSED},
    SocketState.BUSY: {SocketState.IDLE, SocketState.CLOSING, SocketState.CLOSED},
    SocketState.CLOSING: {SocketState.CLOSED},
    SocketState.CLOSED: set[SocketState](),
}


class SocketLink:
    """One socket for `model`; `number` is the ledger's.

    `ping` is in seconds, and a ping that takes as long as that has failed. `on_loss` is told once if the socket
    ends by itself, never if we close it.
    """

    def __init__(
        self,
        number: int,
        model: str,
        connect: Connect,
        *,
        ping: float,
        on_loss: Callable[["SocketLink", Loss], None],
    ) -> None:
        self.number = number
        self.model = model
        self.state = SocketState.OPENING
        self._connect = connect
        self._ping_seconds = ping
        self._on_loss = on_loss
        self._wire: SocketWire | None = None
        self._inbox: asyncio.Queue[str | SocketLost] = asyncio.Queue(UNREAD_FRAMES)
        self._loss: SocketLost | None = None
        self._tasks: list[asyncio.Task[None]] = []

    def __repr__(self) -> str:
        return f"<Link {self.number} {self.model} {self.state}>"

    async def open(self) -> None:
        """Connect. Raises what `connect` raises, and is closed then."""
        try:
            wire = self._wire = await self._connect(self.model)
        except BaseException:
            self._move(SocketState.CLOSED)
            raise
        self._move(SocketState.IDLE)
        for work, name in ((self._read(wire), "read"), (self._ping(wire), "ping")):
            self._tasks.append(asyncio.get_running_loop().create_task(work, name=f"socket {self.number}: {name}"))

    def take(self) -> None:
        """Begin a conversation."""
        self._move(SocketState.BUSY)

    def release(self) -> None:
        """The conversation has ended."""
        self._move(SocketState.IDLE)

    @property
    def quiet(self) -> bool:
        """Whether nothing of the conversation is left unread."""
        return self._inbox.empty()

    async def send(self, frame: str) -> None:
        """Send a frame. Raises SocketLost."""
        if self._loss is not None or self._wire is None:
            raise self._loss or SocketLost(Loss.ENDED)
        await self._wire.send(frame)

    async def receive(self) -> str:
        """The next frame of the conversation. Raises SocketLost once the socket has ended and all is read."""
        if self._loss is not None and self._inbox.empty():
            raise self._loss
        arrived = await self._inbox.get()
        if isinstance(arrived, SocketLost):
            raise arrived
        return arrived

    async def close(self) -> None:
        """Close it, whatever goes on. Whoever receives gets SocketLost."""
        if self.state in {SocketState.IDLE, SocketState.BUSY}:
            self._move(SocketState.CLOSING)
        self._end(SocketLost(Loss.ENDED))
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._wire is not None:
            await self._wire.close()
        if self.state is not SocketState.CLOSED:
            self._move(SocketState.CLOSED)

    async def _read(self, wire: SocketWire) -> None:
        try:
            while True:
                frame = await wire.receive()
                if self.state is SocketState.BUSY:
                    await self._inbox.put(frame)
                elif wire.stale(frame):
                    raise SocketLost(Loss.OUT_OF_TURN)
        except SocketLost as error:
            self._broke(error)

    async def _ping(self, wire: SocketWire) -> None:
        while True:
            await asyncio.sleep(self._ping_seconds)
            if self.state is SocketState.IDLE:
                try:
                    async with asyncio.timeout(self._ping_seconds):
                        await wire.ping()
                except (SocketLost, TimeoutError):
                    self._broke(SocketLost(Loss.DEAF))
                    return

    def _broke(self, error: SocketLost) -> None:
        """It ended by itself: `close` still has to be called for what is left of it."""
        if self.state in {SocketState.IDLE, SocketState.BUSY}:
            self._move(SocketState.CLOSED)
            self._end(error)
            self._on_loss(self, error.loss)

    def _end(self, error: SocketLost) -> None:
        """Wake whoever receives; what they have not read yet they still read."""
        if self._loss is None:
            self._loss = error
            with contextlib.suppress(asyncio.QueueFull):
                self._inbox.put_nowait(error)

    def _move(self, to: SocketState) -> None:
        if to not in _NEXT[self.state]:
            raise RuntimeError(f"{self!r} cannot become {to}")
        self.state = to
