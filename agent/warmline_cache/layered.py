"""The read path: L1, then Redis, then one load for the whole fleet.

    get_or_load ── L1 fresh ────────────────────────────────► found
        ├───────── L1 stale ── one refresh runs behind ─────► found, stale
        ├───────── a load is under way here ── join ────────► found, joined
        ├───────── L2, its generations current ── fill L1 ──► found
        └───────── flight: lease, claim, load, commit, fill ► found

Every fill of L1 happens in one step with the check that no invalidation reached this worker since what it holds was
looked for: `_epoch` counts them, and a flight that one overtook is detached. While the invalidation channel is silent
(the fence), L1 neither answers nor is filled, and a load is joined only before it has begun: what began earlier might
have been overtaken by an invalidation that never reached us.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Generic, TypeVar

from warmline_cache.blame import confess
from warmline_cache.entry import Found, Outdated, Source, Stale
from warmline_cache.errors import LoadAbandoned, LoadRefused, StoreUnavailable, UpstreamError
from warmline_cache.fence import OPEN
from warmline_cache.flight import Flight, Flights
from warmline_cache.key import Key
from warmline_cache.loading import Errand, Loader
from warmline_cache.memory.memory import Memory
from warmline_cache.memory.slot import MemorySlot
from warmline_cache.origin import Load
from warmline_cache.policy import Policy
from warmline_cache.redis.budget import Budget
from warmline_cache.shared import Kept, SharedLayer
from warmline_cache.store.codec import Codec
from warmline_cache.store.ports import StoredSlot as Claim
from warmline_cache.surroundings import Surroundings
from warmline_cache.tally import Tally

V = TypeVar("V")


LEAST_SHARE = 0.1
"""Of the budget: what is left for lease and claim of one that reading has used up though Redis answered. Else a loop
that is busy for long, which looks like a slow answer, would make every worker load for itself."""


def _ignore(*news: object) -> None:
    """Ignore the claim."""


class Cache(Generic[V]):
    """One named cache over both layers.

    `versioned` says that its keys name a version of what they hold, so that it needs no invalidation to be right.
    """

    def __init__(
        self,
        name: str,
        *,
        policy: Policy,
        codec: Codec[V],
        memory: Memory[Found[V | None]],
        surroundings: Surroundings,
        versioned: bool = False,
    ) -> None:
        self.name = name
        self.tally = Tally()
        self._policy = policy
        self._memory = memory
        self._fence = OPEN if versioned else surroundings.fence
        self._clock = surroundings.clock
        self._redis_deadline = surroundings.redis_deadline
        self._shared = SharedLayer(name, codec, policy=policy, fence=self._fence, surroundings=surroundings)
        self._loader = Loader(name, self._shared, policy=policy, fence=self._fence, surroundings=surroundings)
        self.flights: Flights[Found[V | None]] = Flights()
        self._epoch = 0

    async def get_or_load(
        self,
        key: Key,
        load: Load[V],
        *,
        elsewhere: Callable[[], None] | None = None,
        claimed: Callable[[Claim | None], None] = _ignore,
    ) -> Found[V | None]:
        """The value of `key`, loaded with `load` where no layer has it; None means that the origin has no such thing.

        Raises whatever `load` raises if no stale value may stand in, UpstreamUnavailable where that is an OSError or
        it takes longer than the policy's `load_timeout`, a wait for its turn included. Redis being slow, down or full
        never raises: it costs a load, and once the time that Redis may cost. Cancelling this, or bounding it with a
        timeout, leaves the load running for whoever else waits. `elsewhere` is called if this begins a flight that
        then has to wait for another worker's load, `claimed` before a `load` that this begins: with what Redis had
        until then, None if it could not be asked.
        """
        now = self._clock()
        slot = self._memory.get(key.text, now)
        if slot is not None and now < slot.fresh_until and now < self._fence.until:
            self.tally.l1 += 1
            return slot.value
        found = await self._look_further(key, Errand(load, elsewhere, claimed, Budget(self._redis_deadline)))
        self._count(found, self._clock() - now)
        return found

    async def peek(self, key: Key) -> Found[V | None] | None:
        """The value of `key` if L1 or L2 has it fresh, then in L1 as well; None if it would have to be loaded.

        Nobody is asked but Redis, which costs no more than a lookup's budget and never raises. Not tallied, for it
        answers nobody.
        """
        slot = self._recall(key)
        if slot is not None and self._clock() < slot.fresh_until:
            return slot.value
        kept = await self._fill_from_l2(key, Budget(self._redis_deadline))
        return None if kept is None or kept.fresh_for <= 0 else Found(kept.value, Source.L2)

    def forget(self, groups: Iterable[str], keys: Iterable[str]) -> None:
        """Drop what belongs to these; nothing that was looked for before now is kept, and no load of it is joined."""
        self._epoch += 1
        for group in groups:
            self._memory.drop_group(group)
        for key in keys:
            self._memory.drop(key)
        self.flights.detach(groups, keys)

    def forget_all(self) -> None:
        """The same for everything, unless this cache is versioned."""
        if self._fence is not OPEN:
            self._epoch += 1
            self._memory.clear()
            self.flights.detach_all()

    async def aclose(self) -> None:
        """End loads that are still under way, and wait for what goes on behind them."""
        await self.flights.aclose()
        await self._loader.aclose()

    def _count(self, found: Found[V | None], seconds: float) -> None:
        self.tally.others[found.source] += 1
        self.tally.took[found.source].add(seconds)
        if isinstance(found, Outdated):
            self.tally.stale[found.why] += 1

    # -- what L1 cannot answer at once

    async def _look_further(self, key: Key, errand: Errand[V]) -> Found[V | None]:
        found = self._stale_at_once(key, errand)
        while found is None:
            flight = self.flights.get(key.text)
            if flight is None:
                found = await self._look_in_l2(key, errand)
                if found is not None:
                    break
                flight = self.flights.get(key.text)
            if flight is None:
                found = await self._wait_for(key, self._start(key, errand))
                break
            self._loader.turns.on_join(flight)
            if flight.begun and not self._remembers():
                await flight.over()
                errand.budget.left = self._redis_deadline  # what Redis cost until now, this wait has cost anyway
            else:
                found = _mark_joined(await self._wait_for(key, flight))
        return found

    async def _look_in_l2(self, key: Key, errand: Errand[V]) -> Found[V | None] | None:
        """What L2 has, if it may answer now."""
        kept = await self._fill_from_l2(key, errand.budget)
        return None if kept is None else self._answer(key, errand, kept)

    async def _fill_from_l2(self, key: Key, budget: Budget) -> Kept[V | None] | None:
        """What L2 has. It fills L1 even if it is too old to answer, to stand in for a failure."""
        while True:
            epoch = self._epoch
            try:
                kept = await self._shared.read(key, budget)
            except StoreUnavailable:
                return None
            budget.left = max(budget.left, self._redis_deadline * LEAST_SHARE)
            if kept is None:
                return None
            if self._epoch == epoch:
                self._keep(key, kept)
                return kept

    def _answer(self, key: Key, errand: Errand[V], kept: Kept[V | None]) -> Found[V | None] | None:
        if kept.fresh_for > 0:
            return Found(kept.value, Source.L2)
        if -kept.fresh_for < self._policy.stale_while_revalidate:
            self._refresh(key, errand)
            return Outdated(kept.value, Stale.REVALIDATING)
        return None

    def _stale_at_once(self, key: Key, errand: Errand[V]) -> Found[V | None] | None:
        """L1's value past its time, if it need not wait for another: a refresh runs behind, or failed just now."""
        slot = self._recall(key)
        now = self._clock()
        if slot is None or (now >= slot.retry_at and now >= slot.fresh_until + self._policy.stale_while_revalidate):
            return None
        if now < slot.retry_at:
            return Outdated(slot.value.value, Stale.FAILING)
        self._refresh(key, errand)
        return Outdated(slot.value.value, Stale.REVALIDATING)

    async def _wait_for(self, key: Key, flight: Flight[Found[V | None]]) -> Found[V | None]:
        """What the flight brings; or, if it takes long, L1's value past its time while the flight goes on."""
        if self._policy.stale_if_error and self._recall(key) is not None:
            await asyncio.wait({flight.task}, timeout=self._policy.patience)
            slot = self._recall(key)
            if slot is not None and not flight.task.done() and not flight.detached:
                return Outdated(slot.value.value, Stale.SLOW)
        return await flight.result()

    # -- loads

    def _refresh(self, key: Key, errand: Errand[V]) -> None:
        if self.flights.get(key.text) is None:
            self._start(key, replace(errand, budget=Budget(self._redis_deadline)))  # nobody waits for this one

    def _start(self, key: Key, errand: Errand[V]) -> Flight[Found[V | None]]:
        return self.flights.start(key.text, key.group_texts, lambda flight: self._fly(flight, key, errand))

    async def _fly(self, flight: Flight[Found[V | None]], key: Key, errand: Errand[V]) -> Found[V | None]:
        def keep(kept: Kept[V | None]) -> None:
            if not flight.detached:
                self._keep(key, kept)

        try:
            with confess(self.name):
                return await self._loader.bring(key, errand, flight, keep=keep)
        except (UpstreamError, LoadRefused, LoadAbandoned):
            found = await self._stand_in(flight, key)
            if found is None:
                raise
            return found

    async def _stand_in(self, flight: Flight[Found[V | None]], key: Key) -> Found[V | None] | None:
        """A value past its time for a load that failed, never an invalidated one; the next load waits a while."""
        if not self._policy.stale_if_error:
            return None
        if self._recall(key) is None:
            kept = await self._loader.look(key)
            if kept is None or flight.detached:
                return None
            if not self._keep(key, kept):
                return Outdated(kept.value, Stale.FAILING)
        slot = self._recall(key)
        if slot is None or flight.detached:
            return None
        slot.retry_at = self._clock() + self._policy.retry_after
        return Outdated(slot.value.value, Stale.FAILING)

    # -- L1

    def _remembers(self) -> bool:
        """Whether every invalidation that anybody was told of has reached us."""
        return self._clock() < self._fence.until

    def _recall(self, key: Key) -> MemorySlot[Found[V | None]] | None:
        """L1's slot of the key, whatever its age."""
        return self._memory.get(key.text, self._clock()) if self._remembers() else None

    def _keep(self, key: Key, kept: Kept[V | None]) -> bool:
        """Fill L1, if its memory counts; whether it took the value."""
        now = self._clock()
        if now >= self._fence.until:
            return False
        return self._memory.put(
            key.text,
            Found(kept.value, Source.L1),
            tenant=key.organisation,
            groups=key.group_texts,
            size=kept.size,
            fresh_until=now + kept.fresh_for,
            dead_until=now + kept.kept_for,
            now=now,
        )


def _mark_joined(found: Found[V]) -> Found[V]:
    """The same, as seen by somebody who did not begin the load."""
    return Found(found.value, Source.JOINED) if found.source is Source.ORIGIN else found
