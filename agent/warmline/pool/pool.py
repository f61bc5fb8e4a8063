"""Warm sockets: performs what the ledger decides."""

import asyncio
import contextlib
import itertools
from collections import deque
from collections.abc import AsyncIterator, Coroutine, Iterable
from typing import Any

import structlog

from warmline.background import Background, WorkerPart
from warmline.pool.actions import Action, CloseSocket, HandSocket, OpenSocket, RefuseTicket, SocketState, Why
from warmline.pool.ledger import Ledger
from warmline.pool.link import SocketLink
from warmline.pool.ports import Connect, Loss, NoSocket, PoolEvents, SocketBudget, SocketShare
from warmline_cache.errors import StoreUnavailable, UpstreamError

_log = structlog.get_logger(__name__)


class SocketLease:
    """A socket in the hands of one conversation."""

    def __init__(self, link: SocketLink) -> None:
        self._link = link
        self.completed = False

    async def send(self, frame: str) -> None:
        """Send a frame. Raises SocketLost."""
        await self._link.send(frame)

    async def receive(self) -> str:
        """The next frame. Raises SocketLost."""
        return await self._link.receive()

    def complete(self) -> None:
        """The conversation has ended as the protocol wants it: the socket can be used again."""
        self.completed = True

    @property
    def reusable(self) -> bool:
        """Whether the next conversation would hear nothing of this one."""
        return self.completed and self._link.quiet


class Pool(WorkerPart):
    """The warm sockets of one worker, by model (see `ledger`).

    Nothing is opened before `start`, which waits for nothing; nothing is done while nothing is asked, but for pings
    and the renewal of the budget. Uses the loop's clock.
    """

    def __init__(self, connect: Connect, ledger: Ledger, *, budget: SocketBudget, events: PoolEvents) -> None:
        self._connect = connect
        self._ledger = ledger
        self._budget = budget
        self._events = events
        self._limits = ledger.limits
        self._links: dict[int, SocketLink] = {}
        self._opening: dict[int, asyncio.Task[None]] = {}
        self._asking: dict[int, asyncio.Future[SocketLink]] = {}
        self._tickets = itertools.count(1)
        self._problems: dict[str, Exception] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._renewing = Background(self._renew, name="socket budget")
        self._asked = 0
        self._more = asyncio.Event()

    def start(self) -> None:
        """Ask for a share of the account's sockets, and warm what was asked for by `prewarm` when it has come."""
        if self._limits.maximum > 0:
            self._renewing.start()

    def prewarm(self, *models: str) -> None:
        """Keep sockets of these models open from now on. Returns at once."""
        for model in models:
            self._perform(self._ledger.keep(model, self._now()))

    def counts(self) -> dict[SocketState, int]:
        """Sockets by state, now."""
        return self._ledger.counts()

    def oldest(self) -> float:
        """The age of the oldest open socket in seconds; 0 if there is none."""
        return self._ledger.oldest(self._now())

    def count_waiting(self) -> int:
        """How many wait for a socket."""
        return self._ledger.waiting

    @contextlib.asynccontextmanager
    async def lease(self, model: str, *, fresh: bool = False) -> AsyncIterator[SocketLease]:
        """A socket of this model, alone: a warm one, or a new one, which alone is good enough if it must be `fresh`.

        It is idle again afterwards if the conversation was marked `complete`; whatever else happens closes it, for
        what is on its way on it cannot be called back, and another is opened in its place. Raises NoSocket.
        """
        link = await self._acquire(model, fresh=fresh)
        lease, why = SocketLease(link), Why.FAILED
        try:
            yield lease
            why = Why.INTERRUPTED
        except (GeneratorExit, asyncio.CancelledError):
            why = Why.INTERRUPTED
            raise
        finally:
            self._give_back(lease, link, why)

    async def aclose(self) -> None:
        """Close every socket, under whoever holds it, and give the budget back."""
        await asyncio.gather(self._renewing.aclose(), return_exceptions=True)
        self._perform(self._ledger.close(self._now()))
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._timer is not None:
            self._timer.cancel()
        if self._renewing.started:
            await self._budget.release()

    # -- leases

    async def _acquire(self, model: str, *, fresh: bool) -> SocketLink:
        ticket = next(self._tickets)
        asking: asyncio.Future[SocketLink] = asyncio.get_running_loop().create_future()
        self._asking[ticket] = asking
        try:
            self._perform(self._ledger.ask(ticket, model, self._now(), fresh=fresh))
            return await asking
        except asyncio.CancelledError:
            self._decline(ticket, asking)
            raise
        finally:
            self._asking.pop(ticket, None)

    def _decline(self, ticket: int, asking: asyncio.Future[SocketLink]) -> None:
        """Who asked has left; the socket may have been handed over in the same moment."""
        if asking.done() and not asking.cancelled() and asking.exception() is None:
            link = asking.result()
            if link.state is SocketState.BUSY:
                link.release()
            self._perform(self._ledger.record_return(link.number, self._now(), used=False))
        else:
            self._perform(self._ledger.withdraw(ticket, self._now()))

    def _give_back(self, lease: SocketLease, link: SocketLink, why: Why) -> None:
        if link.state is SocketState.BUSY and lease.reusable:
            link.release()
            self._perform(self._ledger.record_return(link.number, self._now()))
        else:
            self._perform(self._ledger.record_spoiling(link.number, why, self._now()))

    # -- what the ledger decided

    def _perform(self, actions: Iterable[Action]) -> None:
        to_do = deque(actions)
        while to_do:
            match to_do.popleft():
                case OpenSocket(number, model):
                    self._open(number, model)
                case CloseSocket(number, why):
                    self._events.on_close(why)
                    self._run(self._close(number), name=f"socket {number}: close")
                case HandSocket(ticket, number, warm):
                    to_do.extend(self._hand(ticket, number, warm=warm))
                case RefuseTicket(ticket, failing):
                    self._refuse(ticket, failing)
        self._arm()
        if self._ledger.want > self._asked:
            self._more.set()

    def _open(self, number: int, model: str) -> None:
        link = self._links[number] = SocketLink(
            number, model, self._connect, ping=self._limits.ping, on_loss=self._on_loss
        )
        self._opening[number] = self._run(self._handshake(link), name=f"socket {number}: open")

    async def _handshake(self, link: SocketLink) -> None:
        began, outcome = self._now(), self._ledger.record_failure
        try:
            async with asyncio.timeout(self._limits.connect_timeout):
                await link.open()
            outcome = self._ledger.record_open
            self._problems.pop(link.model, None)
        except (UpstreamError, TimeoutError) as error:
            self._problems[link.model] = error
            _log.warning("socket_not_opened", model=link.model, reason=str(error) or "too slow")
        finally:
            del self._opening[link.number]
            self._events.on_handshake(self._now() - began, failed=outcome == self._ledger.record_failure)
            self._perform(outcome(link.number, self._now()))

    async def _close(self, number: int) -> None:
        if opening := self._opening.get(number):
            opening.cancel()
            await asyncio.gather(opening, return_exceptions=True)
        if link := self._links.pop(number, None):  # else it was lost before it could be closed
            await link.close()
        self._perform(self._ledger.record_close(number, self._now()))

    def _hand(self, ticket: int, number: int, *, warm: bool) -> list[Action]:
        asking, link = self._asking[ticket], self._links[number]
        if asking.cancelled():  # who asked is leaving, and has not said so yet
            return self._ledger.record_return(number, self._now(), used=False)
        link.take()
        self._events.on_lease(warm=warm)
        asking.set_result(link)
        return []

    def _refuse(self, ticket: int, failing: str | None) -> None:
        self._events.on_refusal()
        asking = self._asking[ticket]
        if not asking.cancelled():
            asking.set_exception(NoSocket(None if failing is None else self._problems.get(failing)))

    def _on_loss(self, link: SocketLink, loss: Loss) -> None:
        self._events.on_loss(loss)
        self._run(self._links.pop(link.number).close(), name=f"socket {link.number}: close")
        self._perform(self._ledger.record_loss(link.number, self._now()))

    def _arm(self) -> None:
        """Set the timer to when the ledger has something to do next."""
        if self._timer is not None:
            self._timer.cancel()
        when = self._ledger.next_at(self._now())
        loop = asyncio.get_running_loop()
        self._timer = (
            None if when is None else loop.call_at(when, lambda: self._perform(self._ledger.tick(self._now())))
        )

    def _now(self) -> float:
        return asyncio.get_running_loop().time()

    def _run(self, work: Coroutine[Any, Any, None], *, name: str) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    # -- the budget

    async def _renew(self) -> None:
        """Keep this worker's share. Without Redis the last one goes on; if there was none, what is to be warm."""
        allowance: SocketShare | None = None
        while True:
            self._more.clear()
            self._asked = self._ledger.want
            try:
                allowance = await self._budget.reserve(want=self._asked, held=self._ledger.held)
            except StoreUnavailable:
                prewarm = self._limits.prewarm
                allowance = allowance or SocketShare(prewarm, prewarm)
            self._events.on_allowance(allowance)
            self._perform(self._ledger.allow(allowance, self._now()))
            await asyncio.sleep(self._limits.renew_at_once)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._limits.renew):
                    await self._more.wait()
