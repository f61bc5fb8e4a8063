"""The words of the ledger: a socket's states, the limits, and what follows from an event."""

from dataclasses import dataclass
from enum import StrEnum


class SocketState(StrEnum):
    """Where a socket is in its life."""

    OPENING = "opening"
    IDLE = "idle"
    BUSY = "busy"
    CLOSING = "closing"
    CLOSED = "closed"


class Why(StrEnum):
    """Why the pool closes a socket."""

    AGED = "aged"
    SURPLUS = "surplus"
    BUDGET = "budget"
    """Other workers need what the account may open."""
    DISPLACED = "displaced"
    """Another model needed its place."""
    INTERRUPTED = "interrupted"
    """Whoever had it left before the end; the protocol has no message to say so."""
    FAILED = "failed"
    """A conversation on it went wrong."""
    SHUTDOWN = "shutdown"


@dataclass(frozen=True, slots=True)
class OpenSocket:
    """Open a socket, and tell the ledger: `record_open` or `record_failure`."""

    socket: int
    model: str


@dataclass(frozen=True, slots=True)
class CloseSocket:
    """Close a socket, or stop opening it, and tell the ledger: `record_close`."""

    socket: int
    why: Why


@dataclass(frozen=True, slots=True)
class HandSocket:
    """Give an idle socket to who asked; `warm` if it was there when they asked."""

    ticket: int
    socket: int
    warm: bool


@dataclass(frozen=True, slots=True)
class RefuseTicket:
    """Tell who asked that there is none: `failing` is the model that cannot be opened, None if there is no room."""

    ticket: int
    failing: str | None


Action = OpenSocket | CloseSocket | HandSocket | RefuseTicket
