"""The ledger's records of sockets, and what can be counted in them."""

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from warmline.pool.actions import SocketState


@dataclass(slots=True)
class Socket:
    """One that is not closed. It is `used` once a conversation on it has ended as it should."""

    number: int
    model: str
    state: SocketState = SocketState.OPENING
    opened_at: float = math.inf
    retire_at: float = math.inf
    idle_since: float = 0.0
    used: bool = False


class Books:
    """All sockets that are not closed, by number."""

    def __init__(self) -> None:
        self._sockets: dict[int, Socket] = {}

    def __len__(self) -> int:
        return len(self._sockets)

    def __iter__(self) -> Iterator[Socket]:
        return iter(list(self._sockets.values()))

    def add(self, socket: Socket) -> None:
        """One more."""
        self._sockets[socket.number] = socket

    def get(self, number: int, *states: SocketState) -> Socket | None:
        """The socket, if it is in one of these states."""
        socket = self._sockets.get(number)
        return socket if socket is not None and socket.state in states else None

    def remove(self, number: int) -> Socket | None:
        """One less; None if it was not there any more."""
        return self._sockets.pop(number, None)

    def idle(self) -> list[Socket]:
        """Those that nobody uses."""
        return [socket for socket in self._sockets.values() if socket.state is SocketState.IDLE]

    def count(self, state: SocketState, model: str | None = None) -> int:
        """Sockets in this state, of one model or of all."""
        return sum(socket.state is state and model in (None, socket.model) for socket in self._sockets.values())

    def oldest(self, now: float) -> float:
        """For how many seconds the oldest open one has been; 0 if none is."""
        return max((now - one.opened_at for one in self._sockets.values() if one.opened_at < now), default=0.0)

    def alive(self) -> int:
        """Those that are not being closed."""
        return len(self._sockets) - self.count(SocketState.CLOSING)

    def alive_by_model(self) -> Counter[str]:
        """The same, of each model."""
        return Counter(socket.model for socket in self._sockets.values() if socket.state is not SocketState.CLOSING)

    def young(self, model: str, now: float, *states: SocketState) -> int:
        """Those of the model that are in one of these states and not past their age."""
        return sum(
            socket.model == model and socket.state in states and socket.retire_at > now
            for socket in self._sockets.values()
        )
