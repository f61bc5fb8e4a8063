"""All the caches of one worker, joined to the two Redis instances, and their lives: open, serve, close."""

import asyncio
import contextlib
import functools
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from warmline.cache.alone import NoLeases, NoRelay, NoStore
from warmline.cache.breaker import Breaker
from warmline.cache.channel import Channel
from warmline.cache.codec import Bytes, Codec
from warmline.cache.dial import Dial
from warmline.cache.entry import Found
from warmline.cache.events import CacheEvents
from warmline.cache.fence import Fence
from warmline.cache.incarnation import Incarnations
from warmline.cache.invalidation import Invalidator, Report
from warmline.cache.key import Group, Key
from warmline.cache.layered import Cache
from warmline.cache.lease import Leases
from warmline.cache.link import Link
from warmline.cache.memory import Memory, Removal
from warmline.cache.overview import Breaking, Overview, Standing
from warmline.cache.policy import Policy
from warmline.cache.redis import RedisLeases, RedisStore
from warmline.cache.relay import RedisRelay, Relay
from warmline.cache.server import Budget, Server
from warmline.cache.streams import Streams
from warmline.cache.surroundings import Surroundings
from warmline.errors import StoreUnavailable

V = TypeVar("V")

DIAL_SECONDS = 1.0
MAX_STREAM_BYTES = 16 * 1024 * 1024


boottime: Callable[[], float] = functools.partial(time.clock_gettime, time.CLOCK_BOOTTIME)
"""Monotonic seconds that go on while the machine is suspended. No function of ours: every hit asks for them."""


@dataclass(frozen=True, slots=True)
class Tuning:
    """Seconds. `redis_seconds` is what Redis may cost one lookup, `cooldown` how long a silent Redis is left alone,
    `lease` how long a killed worker may hold up a load."""

    redis_seconds: float = 0.05
    cooldown: float = 1.0
    lease: float = 2.0


class Caches:
    """Makes caches that share two Redis instances, `shared` (may evict) and `state` (must not).

    `name` is how reports call this worker. Nothing is sent before `start`, and a Redis that is down is no reason not
    to start. Without `l2` entries, leases and streams stay in this worker; `shared` then holds generations alone. Time
    and randomness are arguments: `clock` must count suspension, `wall` must agree between workers.
    """

    def __init__(
        self,
        shared: Dial,
        state: Dial,
        *,
        name: str,
        events: CacheEvents,
        tuning: Tuning = Tuning(),
        clock: Callable[[], float] = boottime,
        wall: Callable[[], float] = time.time,
        random: Bytes = os.urandom,
        member: bool = True,
        l2: bool = True,
    ) -> None:
        self._tuning = tuning
        self._events = events
        self._caches: list[Cache[Any]] = []
        self._streams: list[Streams] = []
        self.overviews: list[Overview] = []
        self._replaying: asyncio.Task[None] | None = None
        fence = Fence(until=0.0, shared=False)

        def server(dial: Dial, **hooks: Any) -> Server:
            link = Link(dial, dial_timeout=DIAL_SECONDS, **hooks)
            return Server(link, breaker=Breaker(tuning.cooldown), clock=clock)

        self._incarnations = Incarnations(fence, leave=self._leave_shared)
        self.shared: Server = server(shared, greet=self._incarnations.greet)
        self.state: Server = server(state)
        self._store = RedisStore(self.shared, deadline=tuning.redis_seconds, random=random)
        self._relay: Relay = NoRelay()
        if l2:
            connect = functools.partial(Link, shared, dial_timeout=DIAL_SECONDS)
            self._relay = RedisRelay(self.shared, connect, deadline=tuning.redis_seconds, random=random)
        lease_store = RedisLeases(self.state) if l2 else NoLeases()
        leases = Leases(lease_store, ttl=tuning.lease, deadline=tuning.redis_seconds, random=random)
        self.channel = Channel(
            lambda **hooks: Link(state, dial_timeout=DIAL_SECONDS, **hooks),
            fence,
            name=name,
            clock=clock,
            random=random,
            woken=leases.pushed,
            unheard=leases.unheard,
            told=self._incarnations.told,
            member=member,
        )
        self._invalidator = Invalidator(
            self._store, self.channel, identity=lambda: self._incarnations.seen, clock=clock, random=random
        )
        self._around = Surroundings(
            store=self._store if l2 else NoStore(),
            leases=leases,
            fence=fence,
            clock=clock,
            wall=wall,
            random=random,
            events=events,
            redis_seconds=tuning.redis_seconds,
        )

    def cache(
        self,
        name: str,
        codec: Codec[V],
        policy: Policy,
        *,
        max_bytes: int,
        max_entries: int | None = None,
        versioned: bool = False,
    ) -> Cache[V]:
        """A new cache; see `Cache`. `max_bytes` and `max_entries` bound its L1."""

        def removed(cause: Removal, count: int) -> None:
            self._events.removed(name, cause, count)

        memory: Memory[Found[V | None]] = Memory(max_bytes=max_bytes, max_entries=max_entries, removed=removed)
        made = Cache(name, policy=policy, codec=codec, memory=memory, around=self._around, versioned=versioned)
        self._caches.append(made)
        self.overviews.append(Overview(name, policy, max_bytes, max_entries, memory, made.tally, made.flights))
        self.channel.listen(made)
        return made

    def streams(self, cache: Cache[bytes], *, keep: int = MAX_STREAM_BYTES) -> Streams:
        """Streams over a cache of bytes; see `Streams`."""
        made = Streams(cache, self._relay, keep=keep, lost=lambda: self._events.stream_lost(cache.name))
        self._streams.append(made)
        self.channel.listen(made)
        return made

    def start(self) -> None:
        """Join the fleet, as soon as Redis lets us."""
        self.channel.start()
        self._replaying = asyncio.get_running_loop().create_task(
            self._incarnations.run(self.shared, self._invalidator.replay), name="replay invalidations"
        )

    async def invalidate(self, *targets: Group | Key) -> Report:
        """See `Invalidator.invalidate`."""
        return await self._invalidator.invalidate(*targets)

    def standing(self) -> Standing:
        """How this worker stands with Redis and with the fleet, now."""
        breakers = {"cache": self.shared.breaker, "state": self.state.breaker}
        return Standing(
            breakers={name: Breaking(not breaker.closed, breaker.opened) for name, breaker in breakers.items()},
            lease=self.channel.left,
            joined=self.channel.joined,
            applied=self.channel.applied,
            believes=self.channel.fence.shared,
            changes=self._incarnations.changes,
            invalidations=self._invalidator.tally,
        )

    async def ping(self) -> None:
        """Return if both Redis instances answer and this worker may remember. Raises StoreUnavailable."""
        await self.shared.ping(Budget(self._tuning.redis_seconds))
        await self.state.ping(Budget(self._tuning.redis_seconds))
        if not self.channel.alive:
            raise StoreUnavailable("the invalidation channel is silent")
        if not self.channel.fence.shared:
            raise StoreUnavailable("Redis is another one than before, and invalidations are being made again")

    async def knock(self) -> None:
        """Ask each Redis that has not answered whether it does again, so that no caller has to find out."""
        for server in (self.shared, self.state):
            if not server.breaker.closed:
                with contextlib.suppress(StoreUnavailable):
                    await server.ping(Budget(self._tuning.redis_seconds))

    async def remembers(self, *, within: float) -> bool:
        """Whether Redis answers and this worker may remember, having waited for that at most so many seconds."""
        until = self._around.clock() + within
        while True:
            try:
                await self.ping()
            except StoreUnavailable:
                if self._around.clock() >= until:
                    return False
                await asyncio.sleep(0.02)
            else:
                return True

    async def aclose(self) -> None:
        """End loads, leave the fleet, close every connection."""
        await asyncio.gather(*(cache.aclose() for cache in self._caches))
        for streams in self._streams:
            await streams.aclose()
        if self._replaying is not None:
            self._replaying.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._replaying
        await self.channel.aclose()
        await self._store.aclose()
        await self.state.aclose()

    def _leave_shared(self) -> None:
        self.shared.link.reset("invalidations are made on another Redis")
