"""One load, for the whole fleet: lease and claim, load, commit.

What Redis may cost who waits is one budget, from the first look at L2 to the commit. What does not come within it goes
on behind the answer, by a deadline of its own: a slow Redis is filled late, not left empty, and a lease that comes too
late is given back. Neither lease nor claim needs the other: the lease says only who should load, and a claim changes
nothing that is there (docs/understand/invalidation.md). So a slow Redis is asked for both at once; a quick one
says first who leads, and nobody claims for nothing. Who follows another's stream claims in any case: it is named by the
generations.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

from warmline_cache.behind import Behind, wait_within
from warmline_cache.entry import Found, Source
from warmline_cache.errors import StoreUnavailable, UpstreamUnavailable
from warmline_cache.events import NotStored
from warmline_cache.fence import Fence
from warmline_cache.flight import Flight
from warmline_cache.key import Key
from warmline_cache.origin import Load, OriginCalls
from warmline_cache.policy import Policy
from warmline_cache.redis.budget import Budget
from warmline_cache.shared import Kept, SharedLayer
from warmline_cache.store.lease import Lease, Taken, Waiter
from warmline_cache.store.ports import StoredSlot
from warmline_cache.surroundings import Surroundings
from warmline_cache.turns import LoadTurns

V = TypeVar("V")

STEP_SECONDS = 0.25
"""How long a wait for another worker's load goes on without asking whether there is still somebody to wait for."""

QUICK_SHARE = 0.1
"""Of the time that Redis may take: for so long whoever asks for the lease waits to learn who leads before he claims. In
a rush for a cold key the claims of all who then wait would be a quarter of what it costs Redis."""

TURN_SHARE = 0.5
"""Of the time for a load, what may be spent waiting for its turn. Where more is asked than can be loaded, every turn
would come so late otherwise that the origin was asked only to be left again."""


@dataclass(frozen=True, slots=True)
class Errand(Generic[V]):
    """How to get a value that no layer has: `load` asks the origin, `elsewhere` is called when another worker turns
    out to be asking it already, `claimed` before `load` with the claim under which it runs. `budget` is what Redis may
    still cost."""

    load: Load[V]
    elsewhere: Callable[[], None] | None
    claimed: Callable[[StoredSlot | None], None]
    budget: Budget


@dataclass(frozen=True, slots=True)
class Start(Generic[V]):
    """What is there before a load: a value that needs none, or the right to store one, and who leads. None stands for
    what was not to be had: no value, no right, and nobody to lead."""

    kept: Kept[V | None] | None = None
    claimed: StoredSlot | None = None
    lease: Lease | Taken | None = None
    source: Source = Source.L2


Keep = Callable[[Kept[V | None]], None]
"""Fills L1, if that is still right at the moment it is called."""


class Loader(Generic[V]):
    """Brings one cache's values from wherever they are: another worker's load, L2, the origin."""

    def __init__(
        self, name: str, shared: SharedLayer[V], *, policy: Policy, fence: Fence, surroundings: Surroundings
    ) -> None:
        self._fence = fence
        self._name = name
        self._shared = shared
        self._policy = policy
        self._surroundings = surroundings
        self._origin: OriginCalls[V] = OriginCalls(name, clock=surroundings.clock, events=surroundings.events)
        self._behind = Behind()
        self.turns = LoadTurns(surroundings.unled_loads)

    async def bring(
        self, key: Key, errand: Errand[V], flight: Flight[Found[V | None]], *, keep: Keep[V]
    ) -> Found[V | None]:
        """The value of `key`, with `keep` called between having it and telling anybody.

        Raises what `load` raises (see `OriginCalls.ask`), UpstreamUnavailable if its turn does not come in time.
        """
        start = await self._start(key, errand, flight)
        lease = start.lease if isinstance(start.lease, Lease) else None
        if start.kept is not None:
            self._release(lease, look=True)
            keep(start.kept)
            return Found(start.kept.value, start.source)
        try:
            errand.claimed(start.claimed)
            value = await self._ask(flight, errand.load, led=lease is not None)
            kept, entry = self._shared.make_entry(value, start.claimed)
        except BaseException:
            self._release(lease, look=False)
            raise
        committing = self._behind.run(
            self._shared.commit(key, start.claimed, entry, self._deadline()), name=f"commit {self._name}"
        )
        committing.add_done_callback(partial(self._on_commit, lease))
        await wait_within(errand.budget, committing)
        if len(entry.payload) <= self._policy.max_bytes:
            keep(kept)
        return Found(value, Source.ORIGIN)

    async def look(self, key: Key) -> Kept[V | None] | None:
        """What L2 holds, whatever its age; None if it is away."""
        try:
            return await self._shared.read(key, self._deadline())
        except StoreUnavailable:
            return None

    async def aclose(self) -> None:
        """Return when nothing goes on behind, except loads that let nobody end them."""
        await self._origin.aclose()
        await self._behind.aclose()

    # -- before the load

    async def _start(self, key: Key, errand: Errand[V], flight: Flight[Found[V | None]]) -> Start[V]:
        """Everything that a load needs, or what makes it needless. Nobody leads if Redis is away, or the holder could
        not do what we might, or others have held the lease for longer than a load may take.

        What is invalidated from here on is loaded by others at once: the lease is given back then.
        """
        if not self._fence.shared:
            return Start()
        leases, again = self._surroundings.leases, False
        until = self._surroundings.clock() + self._policy.load_timeout + leases.ttl
        while True:
            with leases.waiter(key.text) as waiter:
                overtaken = flight.overtaken
                start = await self._ask_redis(
                    key, errand.budget, again=again, at_once=again or errand.elsewhere is not None
                )
                if isinstance(lease := start.lease, Lease):
                    overtaken.add_done_callback(partial(self._overtaken, lease))
                if start.kept is not None or not isinstance(lease, Taken):
                    return start
                if errand.elsewhere is not None:
                    errand.elsewhere()
                found = await self._wait(key, waiter, lease.expires_in, until, errand.budget)
            if isinstance(found, Kept):
                return Start(found, source=Source.JOINED)
            errand.budget.left = (
                self._surroundings.redis_deadline
            )  # what Redis cost until now, this wait has cost anyway
            if not found:
                return await self._start_alone(key, start.claimed, errand.budget)
            again = True

    async def _ask_redis(self, key: Key, budget: Budget, *, again: bool, at_once: bool) -> Start[V]:
        """Ask for the lease and claim: `at_once`, or unless it turns out soon that another leads."""
        if budget.left <= 0:
            return Start()
        taking = self._behind.run(self._take(key, again=again), name=f"lease {self._name}")
        lease: Lease | Taken | None = None
        try:
            if not at_once and isinstance(soon := await self._learnt_soon(taking, budget), Taken):
                lease = soon
                return Start(lease=lease)
            claiming = self._behind.run(self._claim(key), name=f"claim {self._name}")
            await wait_within(budget, taking, claiming)
            claimed, kept = claiming.result() if claiming.done() else (None, None)
            lease = taking.result() if taking.done() else None
        finally:
            if lease is None:
                taking.add_done_callback(self._took_too_late)
        return Start(kept if kept is not None and kept.fresh_for > 0 else None, claimed, lease)

    async def _learnt_soon(self, taking: asyncio.Task[Lease | Taken | None], budget: Budget) -> Lease | Taken | None:
        """Who leads, if Redis is quick to say it. Then there is as much time again for the claim."""
        share = self._surroundings.redis_deadline * QUICK_SHARE
        soon = Budget(share)
        budget.left -= share
        await wait_within(soon, taking)
        budget.left += soon.left
        if not taking.done():
            return None
        budget.left = max(budget.left, share)
        return taking.result()

    async def _start_alone(self, key: Key, claimed: StoredSlot | None, budget: Budget) -> Start[V]:
        """What a load needs that nobody leads."""
        if claimed is not None:
            return Start(claimed=claimed)
        claiming = self._behind.run(self._claim(key), name=f"claim {self._name}")
        await wait_within(budget, claiming)
        claimed, kept = claiming.result() if claiming.done() else (None, None)
        return Start(kept if kept is not None and kept.fresh_for > 0 else None, claimed)

    async def _wait(
        self, key: Key, waiter: Waiter, expires_in: float, until: float, budget: Budget
    ) -> Kept[V | None] | bool:
        """What another worker's load left in L2; else whether to ask for the lease again.

        What Redis costs meanwhile costs nobody anything, so that the budget is whole again afterwards; and one that
        does not say in time how long the lease lasts has a step more for it, for to load twice costs more.
        """
        left: float | None = expires_in
        asking: asyncio.Task[float | None] | None = None
        while left and self._surroundings.clock() < until:
            woken = await waiter.wait(min(left, STEP_SECONDS))
            if woken is False:
                return False
            budget.left = self._surroundings.redis_deadline
            looking = self._behind.run(self.look(key), name=f"look {self._name}")
            if not woken:
                asking = asking or self._behind.run(self._left(key), name=f"lease {self._name}")
            await wait_within(budget, looking, *((asking,) if asking and not woken else ()))
            kept = looking.result() if looking.done() else None
            if kept is not None and kept.fresh_for > 0:
                return kept
            if woken or asking is None:
                return True
            if asking.done():
                left, asking = asking.result(), None
            else:
                left = max(STEP_SECONDS - self._surroundings.redis_deadline, STEP_SECONDS / 5)
        return left == 0

    async def _take(self, key: Key, *, again: bool) -> Lease | Taken | None:
        try:
            return await self._surroundings.leases.take(key.text, self._deadline(), again=again)
        except StoreUnavailable:
            return None

    async def _left(self, key: Key) -> float | None:
        try:
            return await self._surroundings.leases.left(key.text, Budget(STEP_SECONDS))
        except StoreUnavailable:
            return None

    async def _claim(self, key: Key) -> tuple[StoredSlot | None, Kept[V | None] | None]:
        try:
            return await self._shared.claim(key, self._deadline())
        except StoreUnavailable:
            return None, None

    def _deadline(self) -> Budget:
        """What one call may take that goes on behind whoever has no time left for it."""
        return Budget(self._surroundings.redis_deadline)

    # -- the load

    async def _ask(self, flight: Flight[Found[V | None]], load: Load[V], *, led: bool) -> V | None:
        seconds = self._policy.load_timeout
        if led:
            return await self._origin.ask(load, seconds=seconds, told=seconds)
        began = self._surroundings.clock()
        try:
            async with self.turns.turn(flight, seconds * TURN_SHARE):
                left = began + seconds - self._surroundings.clock()
                return await self._origin.ask(load, seconds=left, told=seconds)
        except TimeoutError as error:
            raise UpstreamUnavailable(self._name, f"no turn to ask within {seconds * TURN_SHARE:g} s") from error

    # -- after the load

    def _on_commit(self, lease: Lease | None, committing: asyncio.Task[NotStored | None]) -> None:
        failed = committing.cancelled() or committing.exception() is not None
        self._release(lease, look=not failed and committing.result() in (None, NotStored.OVERTAKEN))

    def _overtaken(self, lease: Lease, _: asyncio.Future[None]) -> None:
        self._release(lease, look=True)

    def _took_too_late(self, taking: asyncio.Task[Lease | Taken | None]) -> None:
        if not taking.cancelled() and taking.exception() is None and isinstance(lease := taking.result(), Lease):
            self._release(lease, look=True)

    def _release(self, lease: Lease | None, *, look: bool) -> None:
        """Give it back behind the answer."""
        if lease is not None:
            self._behind.run(lease.release(self._deadline(), look=look), name=f"release {self._name}")
