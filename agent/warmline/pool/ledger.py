"""Which sockets to open, hand out and close: book-keeping without I/O.

Every event returns the actions that follow from it; `now` is monotonic, in seconds. After each event, in this order:
waiters are served (an idle socket, one being opened, a new one, the place of an idle one of another model), what is too
old, too many or unwanted is closed, and what is missing is opened.

Sockets are kept by model alone. The provider pins the model at the handshake and takes every other setting of a voice
with each utterance, so one socket serves all voices of its model.

`prewarm` counts the sockets that are kept open, busy ones included: they will be idle again. What a burst opened
beyond it stays for `linger` seconds. A socket past its age goes only when another has taken its place, unless there is
no room for another. A socket that is lost before anybody could use it counts as a failed attempt, so that a
provider which opens and closes at once is not asked without end.
"""

import itertools
import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from warmline.pool.actions import Action, CloseSocket, HandSocket, OpenSocket, RefuseTicket, SocketState, Why
from warmline.pool.backoff import Backoff
from warmline.pool.books import Books, Socket
from warmline.pool.limits import SocketLimits
from warmline.pool.ports import SocketShare

_ALIVE = (SocketState.OPENING, SocketState.IDLE, SocketState.BUSY)
_READY = (SocketState.IDLE, SocketState.BUSY)


@dataclass(slots=True)
class _Ticket:
    number: int
    model: str
    not_before: float
    waited: bool = False


@dataclass(slots=True)
class _Model:
    backoff: Backoff
    wanted_until: float = -math.inf


class Ledger:
    """The sockets of one worker. `random` is uniform in [0, 1). Until `allow` it opens nothing."""

    def __init__(self, limits: SocketLimits, *, random: Callable[[], float]) -> None:
        self.limits = limits
        self._random = random
        self._allowance = SocketShare(0, 0)
        self._books = Books()
        self._waiting: dict[int, _Ticket] = {}
        self._models: dict[str, _Model] = {}
        self._numbers = itertools.count(1)
        self._actions: list[Action] = []
        self._over = False

    # -- what is asked of it

    @property
    def held(self) -> int:
        """Sockets that the provider may count: all that are not closed."""
        return len(self._books)

    @property
    def want(self) -> int:
        """How many this worker would like to be allowed: beside what is used as many as are warm, and one to move."""
        in_use = self._books.count(SocketState.BUSY) + len(self._waiting)
        spare = self.limits.prewarm * max(1, len(self._models)) + 1
        return min(self.limits.maximum, max(self.held, in_use + spare))

    def counts(self) -> dict[SocketState, int]:
        """Sockets by state."""
        return {state: self._books.count(state) for state in SocketState if state is not SocketState.CLOSED}

    @property
    def waiting(self) -> int:
        """How many wait for a socket."""
        return len(self._waiting)

    def oldest(self, now: float) -> float:
        """The age of the oldest open socket in seconds; 0 if there is none."""
        return self._books.oldest(now)

    def next_at(self, now: float) -> float | None:
        """When `tick` has something to do, if nothing else happens; None for never."""
        spare = self._spare(now)
        times = [time for one in self._books.idle() for time in (one.retire_at, self._leaves_at(one, spare))]
        times += [model.backoff.retry_at for name, model in self._models.items() if self._missing(name, now)]
        times += [model.wanted_until for model in self._models.values()]
        return min((time for time in times if now < time < math.inf), default=None)

    # -- what happens

    def keep(self, model: str, now: float) -> list[Action]:
        """Keep sockets of this model from now on, used or not."""
        self._model(model).wanted_until = math.inf
        return self._decide(now)

    def ask(self, ticket: int, model: str, now: float, *, fresh: bool = False) -> list[Action]:
        """Somebody wants a socket: `fresh` for one that is opened from now on."""
        known = self._model(model)
        known.wanted_until = max(known.wanted_until, now + self.limits.max_age)
        self._waiting[ticket] = _Ticket(ticket, model, now if fresh else -math.inf)
        return self._decide(now)

    def withdraw(self, ticket: int, now: float) -> list[Action]:
        """They do not want it any more."""
        self._waiting.pop(ticket, None)
        return self._decide(now)

    def record_open(self, number: int, now: float) -> list[Action]:
        """Record that a socket has opened."""
        if socket := self._books.get(number, SocketState.OPENING):
            socket.state, socket.opened_at, socket.idle_since = SocketState.IDLE, now, now
            socket.retire_at = now + self.limits.max_age * (1 - self.limits.jitter * self._random())
        return self._decide(now)

    def record_failure(self, number: int, now: float) -> list[Action]:
        """Record that a socket could not be opened."""
        if socket := self._books.get(number, SocketState.OPENING):
            self._books.remove(number)
            self._model(socket.model).backoff.record_failure(now)
        return self._decide(now)

    def record_return(self, number: int, now: float, *, used: bool = True) -> list[Action]:
        """Take a socket back whose conversation ended as it should or never began; ignore a socket that was lost."""
        if socket := self._books.get(number, SocketState.BUSY):
            socket.state, socket.idle_since, socket.used = SocketState.IDLE, now, socket.used or used
        return self._decide(now)

    def record_spoiling(self, number: int, why: Why, now: float) -> list[Action]:
        """Close a socket whose conversation ended in another way; ignore a socket that was lost."""
        if socket := self._books.get(number, SocketState.BUSY):
            self._close(socket, why)
        return self._decide(now)

    def record_loss(self, number: int, now: float) -> list[Action]:
        """Record that the provider or the network ended a socket."""
        if (socket := self._books.get(number, SocketState.IDLE)) and self._on_trial(socket, now):
            self._model(socket.model).backoff.record_failure(now)
        self._books.remove(number)
        return self._decide(now)

    def record_close(self, number: int, now: float) -> list[Action]:
        """Record that a closing socket has closed."""
        self._books.remove(number)
        return self._decide(now)

    def allow(self, allowance: SocketShare, now: float) -> list[Action]:
        """The budget has changed."""
        self._allowance = allowance
        return self._decide(now)

    def tick(self, now: float) -> list[Action]:
        """Time has passed."""
        return self._decide(now)

    def close(self, now: float) -> list[Action]:
        """Close everything and open nothing more."""
        self._over = True
        for socket in self._books:
            if socket.state is not SocketState.CLOSING:
                self._close(socket, Why.SHUTDOWN)
        return self._decide(now)

    # -- what follows

    def _decide(self, now: float) -> list[Action]:
        self._trust(now)
        self._serve(now)
        self._trim(now)
        self._retire(now)
        self._refill(now)
        self._forget(now)
        actions, self._actions = self._actions, []
        return actions

    def _trust(self, now: float) -> None:
        """A socket that was opened since the last failure, and is past its trial, shows that its model can be had."""
        for socket in self._books.idle():
            backoff = self._model(socket.model).backoff
            if socket.opened_at > backoff.failed_at and not self._on_trial(socket, now):
                backoff.record_success()

    def _serve(self, now: float) -> None:
        """First come, first served. Who must wait has a socket of their own to wait for: one that is being opened, or
        one whose closing makes room."""
        opening = {name: self._books.count(SocketState.OPENING, name) for name in self._models}
        coming = min(self._books.count(SocketState.CLOSING), max(0, self._limit - self._books.alive()))
        for ticket in list(self._waiting.values()):
            if socket := self._best(ticket, now):
                self._hand(ticket, socket)
            elif opening[ticket.model] > 0:
                opening[ticket.model] -= 1
            elif self._over or self._resting(ticket.model, now):
                self._refuse(ticket, failing=None if self._over else ticket.model)
            elif self._room <= 0 and coming > 0:
                coming -= 1
            else:
                self._make_room(ticket, now)
            ticket.waited = True

    def _make_room(self, ticket: _Ticket, now: float) -> None:
        if self._room > 0:
            self._open(ticket.model)
        elif idle := self._first_to_go(now):
            self._close(idle[0], Why.DISPLACED)
        else:
            self._refuse(ticket, failing=None)

    def _trim(self, now: float) -> None:
        excess = self._books.alive() - self._limit
        if excess > 0:
            for socket in self._first_to_go(now)[:excess]:
                self._close(socket, Why.BUDGET)

    def _retire(self, now: float) -> None:
        spare = self._spare(now)
        for socket in sorted(self._books.idle(), key=lambda socket: socket.idle_since):
            aged = socket.retire_at <= now and self._replaced(socket, now)
            if aged or self._leaves_at(socket, spare) <= now:
                self._close(socket, Why.AGED if aged else Why.SURPLUS)
                spare[socket.model] -= 1

    def _refill(self, now: float) -> None:
        while not self._over and self._room > 0:
            lacking = [name for name in self._models if self._missing(name, now) and not self._resting(name, now)]
            if not lacking:
                return
            self._open(min(lacking, key=lambda name: self._books.young(name, now, *_ALIVE)))

    def _forget(self, now: float) -> None:
        used = {socket.model for socket in self._books} | {ticket.model for ticket in self._waiting.values()}
        for name in [name for name, model in self._models.items() if model.wanted_until <= now and name not in used]:
            del self._models[name]

    # -- the four actions

    def _open(self, model: str) -> None:
        socket = Socket(next(self._numbers), model)
        self._books.add(socket)
        self._actions.append(OpenSocket(socket.number, model))

    def _close(self, socket: Socket, why: Why) -> None:
        socket.state = SocketState.CLOSING
        self._actions.append(CloseSocket(socket.number, why))

    def _hand(self, ticket: _Ticket, socket: Socket) -> None:
        del self._waiting[ticket.number]
        socket.state = SocketState.BUSY
        self._actions.append(HandSocket(ticket.number, socket.number, warm=not ticket.waited))

    def _refuse(self, ticket: _Ticket, *, failing: str | None) -> None:
        del self._waiting[ticket.number]
        self._actions.append(RefuseTicket(ticket.number, failing))

    # -- what the books say

    @property
    def _limit(self) -> int:
        return min(self.limits.maximum, self._allowance.sockets)

    @property
    def _room(self) -> int:
        return self._limit - len(self._books)

    def _model(self, name: str) -> _Model:
        if name not in self._models:
            first, longest = self.limits.first_retry, self.limits.longest_retry
            self._models[name] = _Model(Backoff(first=first, longest=longest, random=self._random))
        return self._models[name]

    def _target(self, name: str, now: float) -> int:
        """How many sockets of the model are kept open: what the profile says, but no more than is fair."""
        wanted = self._model(name).wanted_until > now and not self._over
        return min(self.limits.prewarm, self._allowance.fair) if wanted else 0

    def _missing(self, name: str, now: float) -> bool:
        return self._books.young(name, now, *_ALIVE) < self._target(name, now)

    def _resting(self, name: str, now: float) -> bool:
        """Whether failures forbid to open another: after one, attempts are made one at a time."""
        backoff = self._model(name).backoff
        return backoff.failing and (now < backoff.retry_at or self._books.count(SocketState.OPENING, name) > 0)

    def _on_trial(self, socket: Socket, now: float) -> bool:
        return not socket.used and now < socket.opened_at + self.limits.trial

    def _replaced(self, socket: Socket, now: float) -> bool:
        """Whether a socket past its age is missed by nobody, or in the way of its own replacement."""
        return self._room <= 0 or self._books.young(socket.model, now, *_READY) >= self._target(socket.model, now)

    def _spare(self, now: float) -> Counter[str]:
        """How many sockets more than are to be warm each model has."""
        spare = self._books.alive_by_model()
        for name in spare:
            spare[name] -= self._target(name, now)
        return spare

    def _leaves_at(self, socket: Socket, spare: Counter[str]) -> float:
        """When an idle socket that is one too many of its model is closed."""
        return socket.idle_since + self.limits.linger if spare[socket.model] > 0 else math.inf

    def _best(self, ticket: _Ticket, now: float) -> Socket | None:
        """The idle socket to hand out: a young one if there is one, the last that was used, for it surely works."""
        fitting = [
            socket
            for socket in self._books.idle()
            if socket.model == ticket.model and socket.opened_at >= ticket.not_before
        ]
        return max(fitting, key=lambda socket: (socket.retire_at > now, socket.idle_since), default=None)

    def _first_to_go(self, now: float) -> list[Socket]:
        """The idle sockets, the most dispensable first: one too many of its model, then the oldest."""
        spare = self._spare(now)
        return sorted(self._books.idle(), key=lambda socket: (spare[socket.model] <= 0, socket.retire_at))
