"""All the caches of one worker, joined to the two Redis instances, and their lives: open, serve, close."""

import asyncio
import contextlib
import functools
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Self, TypeVar

import structlog
from annotated_types import Gt, Le, Unit, doc

from warmline_cache.alone import NoLeases, NoRelay, NoStore
from warmline_cache.entry import Found
from warmline_cache.errors import StoreRefused, StoreUnavailable
from warmline_cache.events import CacheEvents
from warmline_cache.fence import Fence
from warmline_cache.invalidation.channel import Channel
from warmline_cache.invalidation.incarnation import Incarnations
from warmline_cache.invalidation.invalidation import InvalidationReport, Invalidator
from warmline_cache.key import Group, Key
from warmline_cache.layered import Cache
from warmline_cache.memory.memory import Memory, Removal
from warmline_cache.overview import Breaking, Overview, Standing
from warmline_cache.policy import Policy
from warmline_cache.redis.breaker import Breaker
from warmline_cache.redis.budget import Budget
from warmline_cache.redis.dial import Dial
from warmline_cache.redis.link import Link
from warmline_cache.redis.server import Greet, LuaScript, Server, teach
from warmline_cache.redis.upkeep import Upkeep
from warmline_cache.rehearsal import rehearse
from warmline_cache.store.codec import SCHEMA, Bytes, Codec
from warmline_cache.store.lease import Leases
from warmline_cache.store.redis import ACQUIRE, CLAIM, COMMIT, RELEASE, RENEW, RedisLeases, RedisStore
from warmline_cache.streams.relay import RELAY, RedisRelay, Relay
from warmline_cache.streams.streams import Streams
from warmline_cache.surroundings import Surroundings

V = TypeVar("V")

_log = structlog.get_logger(__name__)

DIAL_SECONDS = 1.0
LINK_SECONDS = 2.0
"""For how long a new worker waits for its first connections to Redis before it serves."""
MAX_STREAM_BYTES = 16 * 1024 * 1024


boottime: Callable[[], float] = functools.partial(time.clock_gettime, time.CLOCK_BOOTTIME)
"""Monotonic seconds that go on while the machine is suspended. No function of ours: every hit asks for them."""


@dataclass(frozen=True, slots=True)
class RedisLimits:
    """Seconds. `cooldown` is how long a silent Redis is left alone, `lease` how long a killed worker may hold up a
    load."""

    deadline: Annotated[float, Gt(0), Le(5), Unit("s"), doc("what Redis may cost one lookup")] = 0.05
    cooldown: float = 1.0
    lease: float = 2.0


class Caches:
    """Makes caches that share two Redis instances, `shared` (may evict) and `state` (must not).

    `name` is how reports call this worker. Nothing is sent before `start`, and a Redis that is down is no reason not
    to start. Without `l2` entries, leases and streams stay in this worker; `shared` then holds generations alone. Time
    and randomness are arguments: `clock` must count suspension, `wall` must agree between workers. `schema` is of the
    entries stored here; workers of another one share all but those.
    """

    def __init__(
        self,
        shared: Dial,
        state: Dial,
        *,
        name: str,
        events: CacheEvents,
        limits: RedisLimits = RedisLimits(),
        clock: Callable[[], float] = boottime,
        wall: Callable[[], float] = time.time,
        random: Bytes = os.urandom,
        member: bool = True,
        l2: bool = True,
        schema: int = SCHEMA,
    ) -> None:
        self._limits = limits
        self._events = events
        self._caches: list[Cache[Any]] = []
        self._streams: list[Streams] = []
        self.overviews: list[Overview] = []
        fence = Fence(until=0.0, shared=False)

        self._upkeep: dict[str, Upkeep] = {}
        self._tasks: list[asyncio.Task[None]] = []

        def server(name: str, dial: Dial, greet: Greet, scripts: Sequence[LuaScript]) -> Server:
            lost = asyncio.Event()
            link = Link(dial, dial_timeout=DIAL_SECONDS, greet=teach(scripts, greet), on_loss=lost.set)
            made = Server(link, breaker=Breaker(limits.cooldown), clock=clock)
            self._upkeep[name] = Upkeep(made, lost=lost, wall=wall)
            return made

        self._incarnations = Incarnations(fence, on_leave=self._leave_shared)
        self.shared: Server = server("cache", shared, self._incarnations.greet, (CLAIM, COMMIT, RELAY))
        self.state: Server = server("state", state, _greet, (ACQUIRE, RENEW, RELEASE))
        self._store = RedisStore(self.shared, deadline=limits.deadline, random=random)
        self._relay: Relay = NoRelay()
        if l2:
            connect = functools.partial(Link, shared, dial_timeout=DIAL_SECONDS)
            self._relay = RedisRelay(self.shared, connect, deadline=limits.deadline, random=random)
        lease_store = RedisLeases(self.state) if l2 else NoLeases()
        leases = Leases(lease_store, ttl=limits.lease, deadline=limits.deadline, random=random)
        self.channel = Channel(
            lambda **hooks: Link(state, dial_timeout=DIAL_SECONDS, **hooks),
            fence,
            name=name,
            clock=clock,
            random=random,
            on_wake=leases.on_push,
            on_silence=leases.unheard,
            on_invalidation=self._incarnations.on_invalidation,
            member=member,
        )
        self._invalidator = Invalidator(
            self._store, self.channel, identity=lambda: self._incarnations.seen, clock=clock, random=random
        )
        self._surroundings = Surroundings(
            store=self._store if l2 else NoStore(),
            leases=leases,
            fence=fence,
            clock=clock,
            wall=wall,
            random=random,
            events=events,
            redis_deadline=limits.deadline,
            schema=schema,
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

        def on_removal(cause: Removal, count: int) -> None:
            self._events.on_removal(name, cause, count)

        memory: Memory[Found[V | None]] = Memory(max_bytes=max_bytes, max_entries=max_entries, on_removal=on_removal)
        made = Cache(
            name, policy=policy, codec=codec, memory=memory, surroundings=self._surroundings, versioned=versioned
        )
        self._caches.append(made)
        self.overviews.append(Overview(name, policy, max_bytes, max_entries, memory, made.tally, made.flights))
        self.channel.listen(made)
        return made

    def streams(self, cache: Cache[bytes], *, keep: int = MAX_STREAM_BYTES) -> Streams:
        """Streams over a cache of bytes; see `Streams`."""
        made = Streams(cache, self._relay, keep=keep, on_loss=lambda: self._events.on_stream_loss(cache.name))
        self._streams.append(made)
        self.channel.listen(made)
        return made

    def start(self) -> None:
        """Join the fleet, as soon as Redis lets us, and keep the connections up."""
        loop = asyncio.get_running_loop()
        self._tasks += [loop.create_task(one.run(), name=f"keep redis {name} up") for name, one in self._upkeep.items()]
        self.channel.start()
        replaying = self._incarnations.run(self.shared, self._invalidator.replay)
        self._tasks.append(loop.create_task(replaying, name="replay invalidations"))
        for task in self._tasks:
            task.add_done_callback(_on_end)

    async def __aenter__(self) -> Self:
        self.start()
        return self

    async def __aexit__(self, *failure: object) -> None:
        await self.aclose()

    async def invalidate(self, *targets: Group | Key) -> InvalidationReport:
        """See `Invalidator.invalidate`."""
        return await self._invalidator.invalidate(*targets)

    def standing(self) -> Standing:
        """How this worker stands with Redis and with the fleet, now."""
        return Standing(
            breakers={
                name: Breaking(not server.breaker.closed, server.breaker.opened, server.why)
                for name, server in self._servers().items()
            },
            lease=self.channel.left,
            joined=self.channel.joined,
            applied=self.channel.applied,
            believes=self.channel.fence.shared,
            changes=self._incarnations.changes,
            invalidations=self._invalidator.tally,
            refusals=self.refusals(),
            skew={name: one.skew for name, one in self._upkeep.items() if one.skew is not None},
        )

    def refusals(self) -> dict[str, str]:
        """What Redis refuses, in its own words: of a Redis instance's callers, of the `channel`, of the `replay`."""
        words = {name: server.refusal for name, server in self._servers().items()}
        words |= {"channel": self.channel.refusal, "replay": self._incarnations.refusal}
        return {who: said for who, said in words.items() if said}

    async def wait_for_dials(self) -> None:
        """Wait until both Redis instances have been dialled, with or without success, for `LINK_SECONDS` at most."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LINK_SECONDS):
                for one in self._upkeep.values():
                    await one.tried.wait()

    async def problems(self) -> list[str]:
        """What each Redis answers to what a worker does: its own words where it refuses, or why it cannot be asked."""
        found = []
        for name, server in self._servers().items():
            try:
                await server.ask(Budget(DIAL_SECONDS), rehearse, insist=True)
            except StoreRefused as error:
                found.append(f"redis {name} refuses: {error}")
            except StoreUnavailable as error:
                found.append(f"redis {name} does not answer: {error}")
        return found

    async def ping(self) -> None:
        """Return if both Redis instances answer and this worker may remember. Raises StoreUnavailable, which says whose
        words it has."""
        for name, server in self._servers().items():
            try:
                await server.ping(Budget(self._limits.deadline))
            except StoreUnavailable as error:
                raise type(error)(f"{name}: {error}") from error
        if not self.channel.alive:
            raise _doubtful("the invalidation channel is silent", self.channel.refusal)
        if not self.channel.fence.shared:
            why = "Redis is another one than before, and invalidations are being made again"
            raise _doubtful(why, self._incarnations.refusal)

    async def knock(self) -> None:
        """Ask each Redis that has not answered whether it does again, so that no caller has to find out."""
        for server in self._servers().values():
            if not server.breaker.closed:
                with contextlib.suppress(StoreUnavailable):
                    await server.ping(Budget(self._limits.deadline))

    async def remembers(self, *, within: float) -> bool:
        """Whether Redis answers and this worker may remember, having waited for that at most so many seconds."""
        until = self._surroundings.clock() + within
        while True:
            try:
                await self.ping()
            except StoreUnavailable:
                if self._surroundings.clock() >= until:
                    return False
                await asyncio.sleep(0.02)
            else:
                return True

    async def aclose(self) -> None:
        """End loads, leave the fleet, close every connection."""
        await asyncio.gather(*(cache.aclose() for cache in self._caches))
        for streams in self._streams:
            await streams.aclose()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)  # what ended one early is in the log
        await self.channel.aclose()
        await self._store.aclose()
        await self.state.aclose()

    def _servers(self) -> dict[str, Server]:
        return {"cache": self.shared, "state": self.state}

    def _leave_shared(self) -> None:
        self.shared.link.reset("invalidations are made on another Redis")


async def _greet(link: Link) -> None:
    """Nothing to ask first."""


def _on_end(task: asyncio.Task[None]) -> None:
    """None of these is to end by itself: without one, Redis stays away for good."""
    if not task.cancelled() and (error := task.exception()) is not None:
        _log.critical("keeper_failed", what=task.get_name(), exc_info=error)


def _doubtful(what: str, refusal: str) -> StoreUnavailable:
    return StoreRefused(f"{what}: {refusal}") if refusal else StoreUnavailable(what)
