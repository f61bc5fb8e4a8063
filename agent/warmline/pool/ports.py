"""What the pool needs of the world, in its own words: a provider's WebSocket, the fleet's budget, a counter."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from warmline.pool.actions import Why


class Loss(StrEnum):
    """How a socket was lost."""

    CLOSED = "closed"
    """The peer closed it, with a close frame."""
    CUT = "cut"
    """The connection ended without one."""
    SILENT = "silent"
    """Nobody answered a heartbeat."""
    DEAF = "deaf"
    """It took no ping."""
    OUT_OF_TURN = "out_of_turn"
    """Something of an earlier conversation came while nobody listened."""
    ENDED = "ended"
    """The pool closed it."""


class SocketLost(Exception):  # a signal between the pool and its user, never a caller's answer
    """The socket broke, or was closed, under whoever holds it."""

    def __init__(self, loss: Loss) -> None:
        super().__init__(f"the socket was lost: {loss}")
        self.loss = loss


class NoSocket(Exception):
    """No socket can be had now. `cause` is why the last one could not be opened, None if the budget is used up."""

    def __init__(self, cause: Exception | None) -> None:
        super().__init__(f"no socket: {cause or 'the budget is used up'}")
        self.cause = cause


class SocketWire(Protocol):
    """One open WebSocket. `receive` has one caller at a time; `close` may be called beside it."""

    async def send(self, frame: str) -> None:
        """Send a text frame. Raises SocketLost."""

    async def ping(self) -> None:
        """Tell the provider that we are still there. Raises SocketLost."""

    async def receive(self) -> str:
        """The next text frame. Raises SocketLost as soon as the socket is closed or broken."""

    def stale(self, frame: str) -> bool:
        """Whether a frame that nobody waits for belongs to a conversation, so that the next could mistake it for its
        own."""

    async def close(self) -> None:
        """Close it, in bounded time; `receive` then raises. Never raises."""


Connect = Callable[[str], Awaitable[SocketWire]]
"""Opens a socket for a model. Raises UpstreamError."""


@dataclass(frozen=True, slots=True)
class SocketShare:
    """How many sockets this worker may have open, and its fair share of what the account may."""

    sockets: int
    fair: int


class SocketBudget(Protocol):
    """The account's limit of concurrent sockets, shared out among the workers."""

    async def reserve(self, *, want: int, held: int) -> SocketShare:
        """What this worker may have from now on, when it would like `want` and has `held` open. Raises
        StoreUnavailable."""

    async def release(self) -> None:
        """Give all of it back. Never raises: what cannot be given back expires."""


class PoolEvents(Protocol):
    """Hooks. Each is called synchronously and must not raise."""

    def on_handshake(self, seconds: float, *, failed: bool) -> None:
        """A socket was opened, or could not be."""

    def on_lease(self, *, warm: bool) -> None:
        """A socket was handed out; `warm` means that whoever asked did not wait at all."""

    def on_refusal(self) -> None:
        """Somebody asked for a socket and was told that there is none."""

    def on_close(self, why: Why) -> None:
        """The pool closed a socket."""

    def on_loss(self, loss: Loss) -> None:
        """A socket was closed or broken by somebody else."""

    def on_allowance(self, allowance: SocketShare) -> None:
        """The budget was renewed."""
