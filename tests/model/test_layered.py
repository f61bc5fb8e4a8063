"""The layered cache of three workers against a plain history of the origin, whatever happens in whatever order.

What a lookup may return: a value of its own key, not older than what was promised when it began, and not for longer
than the policy allows after the origin had another. Redis may be slow, broken, evicting or another one; workers may be
deaf, callers may leave, the origin may fail or hang.
"""

import asyncio
import math
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.support.caches import World, key
from tests.support.caches.books import check_memory
from tests.support.caches.world import settle
from tests.support.examples import examples
from tests.support.time.virtual import VirtualTimeLoop
from warmline_cache import Found, Group, Policy, Source
from warmline_cache.errors import UpstreamUnavailable
from warmline_cache.redis.budget import Budget

T = TypeVar("T")

WORKERS = 3
KEYS = st.sampled_from(["sahyadri/one", "sahyadri/two", "kaveri/one"])
WHO = st.integers(0, WORKERS - 1)
GATES = st.sampled_from(["read", "reply", "claim", "commit", "acquire", "release"])
POLICY = Policy(
    ttl=10, negative_ttl=5, stale_while_revalidate=3, stale_if_error=20, patience=1, jitter=0.2, load_timeout=5
)
WAITING = POLICY.load_timeout * 2 + 2 + POLICY.patience
"""Seconds that may pass between the origin's reading of a value and its return: another's load, a lease, one's own."""


@dataclass
class Lookup:
    """One under way: the least version that it may return, and whether the origin failed since it began."""

    task: asyncio.Task[Found[str | None]]
    name: str
    floor: int
    may_fail: bool
    ended: float = 0.0

    def end(self, now: float) -> None:
        self.ended = now


class Origin:
    """Versions of each value, and when each was superseded."""

    def __init__(self, clock: VirtualTimeLoop) -> None:
        self._clock = clock
        self.history: dict[str, list[float]] = {}
        self.seconds = 0.2
        self.fails = False
        self.well_since = -math.inf

    @property
    def may_fail(self) -> bool:
        """Whether a load that is under way now, or begins now, may fail."""
        return self.sick or self._clock.time() <= self.well_since + POLICY.load_timeout

    @property
    def sick(self) -> bool:
        return self.fails or self.seconds > POLICY.load_timeout

    def version(self, name: str) -> int:
        return len(self.history.setdefault(name, []))

    def change(self, name: str) -> None:
        self.history.setdefault(name, []).append(self._clock.time())

    def superseded(self, name: str, version: int) -> float:
        """When another took its place: perhaps never."""
        history = self.history.get(name, [])
        return history[version] if version < len(history) else math.inf

    async def load(self, name: str) -> str | None:
        version = self.version(name)
        await asyncio.sleep(self.seconds)
        if self.fails:
            raise UpstreamUnavailable("origin", "down")
        return None if version % 4 == 3 else f"{name} {version}"


class CacheAgainstItsOrigin(RuleBasedStateMachine):
    """See the module."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = VirtualTimeLoop()
        self.origin = Origin(self.loop)
        self.lookups: list[Lookup] = []
        self.promised: dict[str, int] = {}
        self.invalidated: set[Group] = set()
        self.copy: tuple[dict[str, tuple[bytes, float]], dict[str, bytes]] = ({}, {})

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    @initialize()
    def begin(self) -> None:
        async def make() -> World:
            return World()

        self.world = self.run(make())
        for _ in range(WORKERS):
            self.world.worker(POLICY)

    # -- callers

    @rule(who=WHO, name=KEYS, callers=st.integers(1, 3))
    def ask(self, who: int, name: str, callers: int) -> None:
        for _ in range(callers):
            self.lookups.append(self.run(self._begin(who, name)))

    async def _begin(self, who: int, name: str) -> Lookup:
        organisation, question = name.split("/")
        looking = self.world.workers[who].cache.get_or_load(
            key(question, organisation=organisation), lambda: self.origin.load(name)
        )
        lookup = Lookup(asyncio.ensure_future(looking), name, self.promised.get(name, 0), may_fail=self.origin.may_fail)
        lookup.task.add_done_callback(lambda _: lookup.end(self.loop.time()))
        await settle()
        return lookup

    @rule(which=st.integers(0, 50))
    def leave(self, which: int) -> None:
        if self.lookups:
            self.lookups.pop(which % len(self.lookups)).task.cancel()

    @rule(seconds=st.sampled_from([0.01, 0.04, 0.2, 0.5, 1.5, 4.0, 12.0, 40.0]))
    def wait(self, seconds: float) -> None:
        self.run(asyncio.sleep(seconds))

    # -- the origin

    @rule(name=KEYS)
    def change(self, name: str) -> None:
        self.origin.change(name)

    @rule(fails=st.booleans(), seconds=st.sampled_from([0.0, 0.2, 2.0, 8.0]))
    def trouble(self, fails: bool, seconds: float) -> None:
        if self.origin.sick:
            self.origin.well_since = self.loop.time()
        self.origin.fails, self.origin.seconds = fails, seconds
        for lookup in self.lookups:
            lookup.may_fail |= self.origin.may_fail

    @rule(organisation=st.sampled_from(["sahyadri", "kaveri"]), deaf=st.sets(WHO))
    def invalidate(self, organisation: str, deaf: set[int]) -> None:
        """Who is deaf was waited out: its lease has ended when the invalidation returns."""
        if "replace" in self.world.store.gates.broken:
            return
        workers, group = self.world.workers, Group(organisation, "knowledge")
        for who in deaf:
            workers[who].fence.until = self.loop.time()
        floors = {name: self.origin.version(name) for name in self.origin.history if name.startswith(organisation)}
        told = [worker for number, worker in enumerate(workers) if number not in deaf]
        self.run(self.world.invalidate(group, told=told))
        self.invalidated.add(group)
        self.promised.update(floors)

    # -- the fleet

    @rule(who=WHO)
    def join_again(self, who: int) -> None:
        worker = self.world.workers[who]
        worker.cache.forget_all()
        worker.fence.until = float("inf")

    @rule(gate=GATES, broken=st.booleans())
    def break_or_slow(self, gate: str, broken: bool) -> None:
        gates = self._gates(gate)
        if broken:
            gates.broken.add(gate)
        elif gate not in gates._closed:
            gates.close(gate)

    @rule(gate=GATES)
    def hesitate(self, gate: str) -> None:
        """For less than a lookup's budget."""
        gates = self._gates(gate)
        if gate not in gates._closed:
            gates.close(gate)
            self.loop.call_later(0.03, self._open, gate)

    @rule()
    def mend(self) -> None:
        for gates in (self.world.store.gates, self.world.lease_store.gates):
            gates.broken.clear()
            for gate in list(gates._closed):
                gates.open(gate)

    def _open(self, gate: str) -> None:
        if gate in self._gates(gate)._closed:
            self._gates(gate).open(gate)

    def _gates(self, gate: str) -> Any:
        return (self.world.lease_store if gate in {"acquire", "release"} else self.world.store).gates

    @rule(name=KEYS, token=st.booleans())
    def evict(self, name: str, token: bool) -> None:
        organisation, question = name.split("/")
        mine = key(question, organisation=organisation)
        self.world.store.lose(mine.group_texts[0] if token else mine.text)

    @rule()
    def replicate(self) -> None:
        store = self.world.store
        self.copy = (dict(store._slots), dict(store._tokens))

    @rule()
    def fail_over(self) -> None:
        """Redis comes back with an older memory; nobody believes it until every invalidation was made again."""
        self.world.store._slots, self.world.store._tokens = dict(self.copy[0]), dict(self.copy[1])
        for worker in self.world.workers:
            worker.fence.shared = False

    @rule()
    def replay(self) -> None:
        groups = [group.text for group in self.invalidated]
        self.run(self.world.store.replace(groups, [], Budget(1)))
        for worker in self.world.workers:
            worker.fence.shared = True

    # -- what must hold

    @invariant()
    def every_answer_was_allowed(self) -> None:
        for lookup in [lookup for lookup in self.lookups if lookup.task.done()]:
            self.lookups.remove(lookup)
            error = lookup.task.exception()
            if error is not None:
                assert isinstance(error, UpstreamUnavailable), error
                assert lookup.may_fail
            else:
                self._check(lookup, lookup.task.result())

    def _check(self, lookup: Lookup, found: Found[str | None]) -> None:
        if found.value is None:
            return
        name, _, number = found.value.rpartition(" ")
        assert name == lookup.name, "another key's value"
        assert int(number) >= lookup.floor, f"version {number}, though {lookup.floor} was promised"
        allowed = POLICY.ttl + (POLICY.stale_if_error if found.source is Source.STALE else 0)
        assert lookup.ended - self.origin.superseded(name, int(number)) <= allowed + WAITING

    @invariant()
    def the_books_add_up(self) -> None:
        for worker in self.world.workers if hasattr(self, "world") else ():
            check_memory(worker.memory)

    def teardown(self) -> None:
        """Everything comes to an end by itself once Redis and the origin are well."""
        if hasattr(self, "world"):
            self.mend()
            self.run(asyncio.sleep(60))
            self.every_answer_was_allowed()
            assert not self.lookups
            for worker in self.world.workers:
                worker.check()
            assert self.world.lease_store.held == 0
            assert not asyncio.all_tasks(self.loop)
        self.loop.close()


CacheAgainstItsOrigin.TestCase.settings = examples(300)
TestLayered = CacheAgainstItsOrigin.TestCase
