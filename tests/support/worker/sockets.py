"""A provider of sockets that does what a test says, at the pool's ports; and a pool on it."""

import asyncio
from collections import Counter
from collections.abc import Callable

from warmline.pool import Ledger, Loss, Pool, SocketLimits, SocketLost, SocketShare, Why
from warmline_cache.errors import StoreUnavailable, UpstreamError

PING = "ping"


class ScriptedWire:
    """One socket: `say` what the provider says, `hang_up` as it does, read what was `sent`."""

    def __init__(self, model: str) -> None:
        self.model = model
        self.sent: list[str] = []
        self.sent_at: list[float] = []
        self.closed = False
        self.deaf = False
        self._inbox: asyncio.Queue[str | SocketLost] = asyncio.Queue()
        self._lost: Loss | None = None

    def say(self, *frames: str) -> None:
        for frame in frames:
            self._inbox.put_nowait(frame)

    def hang_up(self, loss: Loss = Loss.CLOSED) -> None:
        self._lost = loss
        self._inbox.put_nowait(SocketLost(loss))

    async def send(self, frame: str) -> None:
        if self.deaf:
            await asyncio.Event().wait()
        if self._lost or self.closed:
            raise SocketLost(Loss.CUT)
        self.sent.append(frame)
        self.sent_at.append(asyncio.get_running_loop().time())

    async def ping(self) -> None:
        await self.send(PING)

    async def receive(self) -> str:
        arrived = await self._inbox.get()
        if isinstance(arrived, SocketLost):
            raise arrived
        return arrived

    def stale(self, frame: str) -> bool:
        return frame != "pong"

    async def close(self) -> None:
        self.closed = True
        self._inbox.put_nowait(SocketLost(Loss.ENDED))


class ScriptedProvider:
    """Opens a wire after `seconds`, unless `refuses` says why not or it `hangs`."""

    def __init__(self, *, seconds: float = 0.1) -> None:
        self.wires: list[ScriptedWire] = []
        self.attempts = 0
        self.seconds = seconds
        self.refuses: UpstreamError | None = None
        self.hangs = False
        self.opened: Callable[[], object] = lambda: None

    async def __call__(self, model: str) -> ScriptedWire:
        self.attempts += 1
        await asyncio.sleep(self.seconds)
        if self.hangs:
            await asyncio.Event().wait()
        if self.refuses is not None:
            raise self.refuses
        wire = ScriptedWire(model)
        self.wires.append(wire)
        self.opened()
        return wire


class FixedBudget:
    """Allows what is wanted up to `sockets`, unless it is `away`."""

    def __init__(self, sockets: int = 100, fair: int = 100) -> None:
        self.sockets = sockets
        self.fair = fair
        self.away = False
        self.asked: list[tuple[int, int]] = []
        self.released = False

    async def reserve(self, *, want: int, held: int) -> SocketShare:
        self.asked.append((want, held))
        if self.away:
            raise StoreUnavailable("away")
        return SocketShare(min(want, self.sockets), self.fair)

    async def release(self) -> None:
        self.released = True


class Counted:
    """The pool's events, counted."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def on_handshake(self, seconds: float, *, failed: bool) -> None:
        self.counts["handshake failed" if failed else "handshake"] += 1

    def on_lease(self, *, warm: bool) -> None:
        self.counts["warm" if warm else "waited"] += 1

    def on_refusal(self) -> None:
        self.counts["refused"] += 1

    def on_close(self, why: Why) -> None:
        self.counts[why.value] += 1

    def on_loss(self, loss: Loss) -> None:
        self.counts[f"lost: {loss.value}"] += 1

    def on_allowance(self, allowance: SocketShare) -> None:
        self.counts["allowed"] += 1


class PoolWorld:
    """A pool on a scripted provider."""

    def __init__(self, *, prewarm: int = 2, maximum: int = 10, budget: FixedBudget | None = None) -> None:
        self.provider = ScriptedProvider()
        self.budget = budget or FixedBudget()
        self.events = Counted()
        ledger = Ledger(SocketLimits(prewarm=prewarm, maximum=maximum), random=lambda: 0.0)
        self.pool = Pool(self.provider, ledger, budget=self.budget, events=self.events)

    def states(self) -> dict[str, int]:
        """Sockets by state, those states that there are."""
        return {state.value: count for state, count in self.pool.counts().items() if count}
