"""Caches on stores that are dicts, for tests in virtual time: what Redis does is held to the same contract."""

import asyncio
import itertools
from collections import Counter, defaultdict
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from tests.support.caches.books import check_memory
from warmline_cache import Cache, Found, Group, Key, Memory, NotStored, Policy, Removal
from warmline_cache.errors import StoreUnavailable
from warmline_cache.fence import Fence
from warmline_cache.redis.budget import Budget
from warmline_cache.store.codec import SCHEMA, STAMP_BYTES, vacancy
from warmline_cache.store.lease import Leases
from warmline_cache.store.ports import StoredSlot
from warmline_cache.streams.broadcast import Broadcast, StreamEnd
from warmline_cache.streams.relay import Tokens
from warmline_cache.streams.streams import Streams
from warmline_cache.surroundings import Surroundings

KNOWLEDGE = Group("sahyadri", "knowledge")

DEADLINE = 0.05
"""Seconds that Redis may cost a lookup."""


def key(name: str = "k", *, organisation: str = "sahyadri") -> Key:
    """A key of the organisation's knowledge."""
    return Key("rag", organisation, (name,), (Group(organisation, "knowledge"),))


class Numbers:
    """Random bytes that never repeat, and are the same in every run."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)

    def __call__(self, length: int) -> bytes:
        return next(self._numbers).to_bytes(length, "big")


class TextCodec:
    """Texts in UTF-8. Bytes that begin with 0xFF are nobody's."""

    def encode(self, value: str) -> bytes:
        return value.encode()

    def decode(self, payload: bytes) -> str:
        return payload.decode()


class Gates:
    """Stops calls by name until a test lets them go on, makes them fail, or slow: `delay` is in seconds."""

    def __init__(self) -> None:
        self.delay = 0.0
        self.calls: Counter[str] = Counter()
        self._closed: dict[str, asyncio.Event] = {}
        self._arrived: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self.broken: set[str] = set()

    async def passing(self, name: str) -> None:
        self.calls[name] += 1
        self._arrived[name].set()
        if self.delay and name != "reply":
            await asyncio.sleep(self.delay)
        if name in self._closed:
            await self._closed[name].wait()
        if name in self.broken:
            raise StoreUnavailable(f"{name} is broken by the test")

    def close(self, name: str) -> None:
        """Whoever calls from now on waits."""
        self._closed[name] = asyncio.Event()
        self._arrived[name].clear()

    async def arrived(self, name: str) -> None:
        """Return when somebody waits at the gate, or has passed it."""
        await self._arrived[name].wait()

    def open(self, name: str) -> None:
        """Let them go on."""
        self._closed.pop(name).set()


async def within(budget: Budget, work: Awaitable[None]) -> None:
    """As `Server.ask` has it: too slow is unavailable."""
    try:
        await budget.spend(work)
    except TimeoutError:
        raise StoreUnavailable("too slow") from None


class DictStore:
    """`Store` in a dict. `lose` is what an evicting Redis may do at any moment."""

    def __init__(self, clock: Callable[[], float], random: Callable[[int], bytes]) -> None:
        self.gates = Gates()
        self._clock = clock
        self._random = random
        self._slots: dict[str, tuple[bytes, float]] = {}
        self._tokens: dict[str, bytes] = {}

    async def read(self, key: Key, budget: Budget, *, weight: int) -> StoredSlot:
        own = Budget(DEADLINE)
        try:
            await within(own, self.gates.passing("read"))
            slot = self._slot(key)
            await within(own, self.gates.passing("reply"))
        finally:
            budget.left -= DEADLINE - own.left
        return slot

    async def claim(self, key: Key, budget: Budget) -> StoredSlot:
        await within(budget, self.gates.passing("claim"))
        if self._data(key.text) is None:
            self._slots[key.text] = (vacancy(self._random(8)), self._clock() + 120)
        for group in key.group_texts:
            self._tokens.setdefault(group, self._random(8))
        return self._slot(key)

    async def commit(self, key: Key, claimed: StoredSlot, data: bytes, ttl: float, budget: Budget) -> bool:
        await within(budget, self.gates.passing("commit"))
        now = self._slot(key)
        if claimed.data is None or now.data is None or None in claimed.tokens:
            return False
        if now.data[:STAMP_BYTES] != claimed.data[:STAMP_BYTES] or now.tokens != claimed.tokens:
            return False
        self._slots[key.text] = (data, self._clock() + ttl)
        return True

    async def replace(self, groups: Sequence[str], keys: Sequence[str], budget: Budget) -> None:
        await within(budget, self.gates.passing("replace"))
        for group in groups:
            self._tokens[group] = self._random(8)
        for text in keys:
            self._slots[text] = (vacancy(self._random(8)), self._clock() + 120)

    def tokens(self, groups: Sequence[str]) -> tuple[bytes | None, ...]:
        return tuple(self._tokens.get(group) for group in groups)

    def lose(self, text: str) -> None:
        self._slots.pop(text, None)
        self._tokens.pop(text, None)

    def put(self, text: str, data: bytes) -> None:
        """Bytes of somebody else's making."""
        self._slots[text] = (data, self._clock() + 3600)

    def _slot(self, key: Key) -> StoredSlot:
        return StoredSlot(self._data(key.text), tuple(self._tokens.get(group) for group in key.group_texts))

    def _data(self, text: str) -> bytes | None:
        data, until = self._slots.get(text, (None, 0.0))
        return data if self._clock() < until else None


class DictLeases:
    """`LeaseStore` in a dict; `hear` gets the messages of releases."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.gates = Gates()
        self.hear: list[Callable[[bytes], None]] = []
        self._clock = clock
        self._held: dict[str, tuple[list[bytes], float]] = {}

    async def acquire(self, key: str, owner: bytes, ttl: float, budget: Budget, *, exact: bool) -> float | None:
        await within(budget, self.gates.passing("acquire"))
        owners, until = self._current(key)
        owners.append(owner)
        if len(owners) == 1:
            until = self._clock() + ttl
        self._held[key] = (owners, until)
        return None if len(owners) == 1 else (until - self._clock() if exact else ttl)

    async def left(self, key: str, budget: Budget) -> float:
        await within(budget, self.gates.passing("left"))
        owners, until = self._current(key)
        return until - self._clock() if owners else 0.0

    async def renew(self, key: str, owner: bytes, ttl: float, budget: Budget) -> bool:
        await within(budget, self.gates.passing("renew"))
        owners, _ = self._current(key)
        if owners[:1] != [owner]:
            return False
        self._held[key] = (owners, self._clock() + ttl)
        return True

    async def release(self, key: str, owner: bytes, message: bytes, budget: Budget) -> None:
        await within(budget, self.gates.passing("release"))
        owners, _ = self._current(key)
        if owners[:1] == [owner]:
            del self._held[key]
            for hear in self.hear if len(owners) > 1 else ():
                hear(message)

    @property
    def held(self) -> int:
        """How many leases there are now."""
        return sum(until > self._clock() for _, until in self._held.values())

    def _current(self, key: str) -> tuple[list[bytes], float]:
        owners, until = self._held.get(key, ([], 0.0))
        return (owners, until) if self._clock() < until else ([], 0.0)


@dataclass
class Recorded:
    """`CacheEvents`, remembered."""

    store_failures: list[str] = field(default_factory=list)
    unstored: list[NotStored] = field(default_factory=list)
    loads: list[bool] = field(default_factory=list)
    lost: int = 0
    removals: Counter[Removal] = field(default_factory=Counter)

    def on_store_failure(self, cache: str, operation: str) -> None:
        self.store_failures.append(operation)

    def on_not_stored(self, cache: str, reason: NotStored) -> None:
        self.unstored.append(reason)

    def on_load(self, cache: str, seconds: float, *, failed: bool) -> None:
        self.loads.append(failed)

    def on_stream_loss(self, cache: str) -> None:
        self.lost += 1

    def on_removal(self, cache: str, cause: Removal, count: int) -> None:
        self.removals[cause] += count


class Worker:
    """One worker's cache, L1 and all, on stores that it shares with others."""

    def __init__(self, world: "World", policy: Policy, *, versioned: bool, schema: int = SCHEMA) -> None:
        self.fence = Fence(until=float("inf"), shared=True)
        self.events = Recorded()
        self.leases = Leases(world.lease_store, ttl=2.0, deadline=DEADLINE, random=world.random)
        world.lease_store.hear.append(self.leases.on_push)
        self.memory: Memory[Found[str | None]] = Memory(max_bytes=1_000_000)
        self.surroundings = Surroundings(
            store=world.store,
            leases=self.leases,
            fence=self.fence,
            clock=world.clock,
            wall=world.wall,
            random=world.random,
            events=self.events,
            schema=schema,
        )
        self.cache: Cache[str] = Cache(
            "rag",
            policy=policy,
            codec=TextCodec(),
            memory=self.memory,
            surroundings=self.surroundings,
            versioned=versioned,
        )

    def check(self) -> None:
        """Nothing is left behind: no flight, no waiter, books that add up."""
        check_memory(self.memory)
        assert len(self.cache.flights) == 0
        assert len(self.leases) == 0


class DictRelay:
    """`Relay` in a dict of queues, by key and generations."""

    def __init__(self, store: DictStore) -> None:
        self.gates = Gates()
        self._store = store
        self._streams: dict[str, dict[Tokens, DictStream]] = {}

    async def begin(self, key: str, tokens: Tokens) -> "DictOutgoing":
        await self.gates.passing("begin")
        if None in tokens:
            raise StoreUnavailable("a generation is missing")
        stream = self._stream(key, tokens)
        if stream.begun:
            stream.end(StreamEnd.LOST)
            stream = self._streams[key][tuple(tokens)] = DictStream()
        stream.begun = True
        return DictOutgoing(self.gates, stream)

    async def follow(self, key: str, groups: Sequence[str]) -> AsyncGenerator[bytes, None]:
        await self.gates.passing("follow")
        async for chunk in self._stream(key, self._store.tokens(groups)).listen():
            yield chunk

    def lose(self, key: str) -> None:
        """As when Redis evicts it."""
        for stream in self._streams.pop(key, {}).values():
            stream.end(StreamEnd.LOST)

    def _stream(self, key: str, tokens: Tokens) -> "DictStream":
        return self._streams.setdefault(key, {}).setdefault(tuple(tokens), DictStream())


class DictStream(Broadcast):
    """A stream that readers may wait for before it has begun."""

    def __init__(self) -> None:
        super().__init__(keep=10**6, backlog=10**6)
        self.begun = False


class DictOutgoing:
    """`Outgoing` into such a stream. One that was lost takes what comes and has no readers."""

    def __init__(self, gates: Gates, stream: DictStream) -> None:
        self._gates = gates
        self._stream = stream

    async def send(self, chunk: bytes) -> None:
        await self._gates.passing("send")
        self._stream.send(chunk)

    async def end(self, how: StreamEnd = StreamEnd.COMPLETE) -> None:
        await self._gates.passing("end")
        self._stream.end(how)


class AudioCodec:
    """Bytes as they are."""

    def encode(self, value: bytes) -> bytes:
        return value

    def decode(self, payload: bytes) -> bytes:
        return payload


class Speaker:
    """A worker that speaks: chunks of ten bytes, one every tenth of a second after the first second."""

    def __init__(self, world: "World", *, keep: int, policy: Policy | None = None) -> None:
        policy = policy or Policy(ttl=60, negative_ttl=5, jitter=0, max_bytes=keep)
        self.worker = Worker(world, policy, versioned=True)
        world.workers.append(self.worker)
        memory: Memory[Found[bytes | None]] = Memory(max_bytes=1_000_000)
        self.cache: Cache[bytes] = Cache(
            "tts",
            policy=policy,
            codec=AudioCodec(),
            memory=memory,
            surroundings=self.worker.surroundings,
            versioned=True,
        )
        self.lost = 0
        self.streams = Streams(self.cache, world.relay, keep=keep, on_loss=self._lost)

    def _lost(self) -> None:
        self.lost += 1


class World:
    """Shared stores, one clock, and an origin whose value a test changes."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.clock: Callable[[], float] = loop.time
        self.wall_skew = 0.0
        self.random = Numbers()
        self.store = DictStore(self.clock, self.random)
        self.lease_store = DictLeases(self.clock)
        self.workers: list[Worker] = []
        self.relay = DictRelay(self.store)
        self.gates = Gates()
        self.value: str | None = "v1"
        self.failing: Exception | None = None
        self.seconds = 0.2

    def wall(self) -> float:
        return 1_700_000_000 + self.clock() + self.wall_skew

    def worker(self, policy: Policy | None = None, *, versioned: bool = False, schema: int = SCHEMA) -> Worker:
        """Another worker; unless told otherwise values are fresh for a minute and never served stale."""
        made = Worker(self, policy or Policy(ttl=60, negative_ttl=5, jitter=0), versioned=versioned, schema=schema)
        self.workers.append(made)
        return made

    async def load(self) -> str | None:
        """The origin: reads its value, then takes its time to answer."""
        value = self.value
        await self.gates.passing("load")
        await asyncio.sleep(self.seconds)
        if self.failing is not None:
            raise self.failing
        return value

    @property
    def loads(self) -> int:
        """How often the origin was asked."""
        return self.gates.calls["load"]

    async def invalidate(self, *groups: Group, told: Sequence[Worker] | None = None) -> None:
        """As `Invalidator` does, to workers that acknowledge at once: those `told`, or all."""
        await self.store.replace([group.text for group in groups], [], Budget(1))
        for worker in self.workers if told is None else told:
            worker.cache.forget([group.text for group in groups], [])
