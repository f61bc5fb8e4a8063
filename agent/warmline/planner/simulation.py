"""A fleet on a trace, event by event, with the worker's own L1 and policies; only waiting takes no time.

What is left out: failures, Redis' own milliseconds, eviction in Redis (its need is reported instead), and a load that
an invalidation overtakes while other workers wait for it, which costs one load more in truth.
"""

from collections.abc import Iterable
from heapq import heappop, heappush
from itertools import count
from random import Random

from warmline.cache import Memory, Source
from warmline.planner.affinity import Affinity, by_address, by_session
from warmline.planner.fleet import Fleet, Restart
from warmline.planner.lookups import CACHES, Lookup, Request, Script, forgotten
from warmline.planner.outcome import Outcome
from warmline.planner.redis import Asked, Redis, Stored
from warmline.traces import Entry, Kind

CHUNKS_A_SECOND = 2.5
"""Pieces in which a phrase is relayed to other workers, by second of its load."""

RENEWALS_A_SECOND = 1.5
"""Of a lease of two seconds, renewed at a third of its life."""


class _Load:
    """One load under way, and the workers whose L1 it will fill; `recalled` by those that had an older value to fall
    back upon, for the cache then looks at L1 once more, and to have been looked at protects from eviction."""

    __slots__ = ("ends", "one", "recalled", "stamp", "workers")

    def __init__(self, one: Lookup, ends: float, stamp: tuple[int, ...], worker: "_Worker") -> None:
        self.one = one
        self.ends = ends
        self.stamp = stamp
        self.workers = [worker]
        self.recalled: list[_Worker] = []


class _Worker:
    """One process: its L1, and the loads that its callers wait for."""

    __slots__ = ("flights", "memories")

    def __init__(self, fleet: Fleet) -> None:
        self.flights: dict[str, _Load] = {}
        self.memories: dict[str, Memory[None]] = {}
        for cache in CACHES:
            bound = fleet.bounds[cache].scaled(1 / fleet.weight)
            self.memories[cache] = Memory(max_bytes=bound.max_bytes, max_entries=bound.max_entries)


class _Call:
    """One call from an address to an agent, the address's `number`th; `pinned` is the worker that holds its session."""

    __slots__ = ("number", "pinned", "session")

    def __init__(self, caller: str, number: int) -> None:
        self.session = f"{caller}-{number}"
        self.number = number
        self.pinned: int | None = None


class _Talk:
    """The requests of one entry that are still to be made; a request's stages go to one worker."""

    __slots__ = ("requests", "stage", "workers")

    def __init__(self, requests: tuple[Request, ...], workers: list[_Worker]) -> None:
        self.requests = requests
        self.workers = workers
        self.stage = 0


class Simulation:
    """Feed it entries in order, then `finish`; `random` decides the jitter of lifetimes."""

    def __init__(self, fleet: Fleet, script: Script, *, random: Random) -> None:
        self._fleet = fleet
        self._script = script
        self._random = random
        self._workers: dict[int, _Worker] = {}
        self._redis = Redis()
        self._leases: dict[str, _Load] = {}
        self._loads: dict[int, _Load] = {}
        self._events: list[tuple[float, int, _Load | _Talk]] = []
        self._order = count()
        self._turns = 0
        self._calls: dict[str, _Call] = {}
        self._restarts = sorted(fleet.restarts, reverse=True)
        self.outcome = Outcome(fleet)

    def count_from_here(self) -> None:
        """Forget what was counted, and nothing else: what follows is the steady state."""
        self.outcome = Outcome(self._fleet)
        self._redis.asked = Asked()

    def feed(self, entry: Entry) -> None:
        """What happens next."""
        while self._restarts and self._restarts[-1].at <= entry.at:
            self._restart(self._restarts.pop())
        self._advance(entry.at)
        self.outcome.saw(entry)
        if entry.kind is Kind.INVALIDATE:
            self._invalidate(entry)
            return
        requests = self._script.requests(entry)
        self.outcome.requested(len(requests))
        call = self._call(entry)
        self._go_on(_Talk(requests, [self._worker(entry, call) for _ in requests]), entry.at)

    def finish(self) -> Outcome:
        """Let everything end that has begun; what came of it."""
        self._advance(float("inf"))
        self.outcome.redis = self._redis.asked
        self.outcome.redis_peak = self._redis.peak
        self.outcome.redis_useful = self._redis.useful
        self.outcome.workers_used = len(self._workers)
        self.outcome.l1_peak = max(
            (sum(memory.size for memory in worker.memories.values()) for worker in self._workers.values()), default=0
        )
        return self.outcome

    def _restart(self, restart: Restart) -> None:
        """Old workers end what they began, and fill no L1 but their own."""
        self._advance(restart.at)
        for number in range(restart.workers):
            self._workers.pop(number, None)

    # -- time

    def _advance(self, until: float) -> None:
        while self._events and self._events[0][0] <= until:
            at, _, what = heappop(self._events)
            if isinstance(what, _Load):
                self._loaded(what, at)
            else:
                self._go_on(what, at)

    def _later(self, at: float, what: _Load | _Talk) -> None:
        heappush(self._events, (at, next(self._order), what))

    def _go_on(self, talk: _Talk, now: float) -> None:
        """Make its next stages, until it has to wait or is over."""
        asked = self._redis.asked
        while talk.requests:
            request = talk.requests[0]
            before = asked.keys_read
            waits = [self._look(talk.workers[0], one, now) for one in request[talk.stage]]
            asked.reads += asked.keys_read > before  # those of one tick travel together
            talk.stage += 1
            if talk.stage == len(request):
                talk.stage, talk.requests, talk.workers = 0, talk.requests[1:], talk.workers[1:]
            if any(waits):
                if talk.requests:
                    self._later(now + max(waits), talk)
                return

    # -- where

    def _worker(self, entry: Entry, call: _Call) -> _Worker:
        """Who gets the entry's next request: its session's worker over sessions, else the affinity's choice."""
        if not self._fleet.sessions:
            number = self._chosen(entry, call)
        elif call.pinned is None:
            number = call.pinned = self._chosen(entry, call)
        else:
            number = call.pinned
        found = self._workers.get(number)
        if found is None:
            found = self._workers[number] = _Worker(self._fleet)
        return found

    def _call(self, entry: Entry) -> _Call:
        """A greeting begins another call from its address."""
        caller = f"{entry.organisation}-{entry.agent}-{entry.caller}"
        call = self._calls.get(caller)
        if call is None or entry.kind is Kind.GREETING:
            call = self._calls[caller] = _Call(caller, call.number + 1 if call else 1)
        return call

    def _chosen(self, entry: Entry, call: _Call) -> int:
        fleet = self._fleet
        if fleet.affinity is Affinity.IP_HASH:
            return by_address(entry.caller, fleet.workers)
        if fleet.affinity is Affinity.SESSION:
            return by_session(call.session, fleet.workers)
        self._turns += 1
        return self._turns % fleet.workers

    # -- the read path

    def _look(self, worker: _Worker, one: Lookup, now: float) -> float:
        """Count one lookup; the seconds that it waits."""
        policy = self._fleet.policies[one.cache]
        tally = self.outcome.tallies[one.cache]
        self.outcome.micros_uncached[one.cache] += one.micros
        slot = worker.memories[one.cache].get(one.key, now)
        if slot is not None and now < slot.fresh_until + policy.stale_while_revalidate:
            if now < slot.fresh_until:
                tally[Source.L1] += 1
            else:
                self._refresh(worker, one, now)
                tally[Source.STALE] += 1
            return 0.0
        load = worker.flights.get(one.key)
        source = Source.JOINED
        if load is None:
            stored = self._look_in_l2(worker, one, now)
            if stored is not None and now < stored.fresh_until + policy.stale_while_revalidate:
                tally[Source.L2 if now < stored.fresh_until else Source.STALE] += 1
                if now >= stored.fresh_until:
                    self._refresh(worker, one, now)
                return 0.0
            load, source = self._start(worker, one, now)
        wait = load.ends - now
        if policy.stale_if_error and worker.memories[one.cache].get(one.key, now):
            if wait > policy.patience:
                tally[Source.STALE] += 1
                return policy.patience
            load.recalled.append(worker)
        tally[source] += 1
        return wait

    def _look_in_l2(self, worker: _Worker, one: Lookup, now: float) -> Stored | None:
        if not self._fleet.shared:
            return None
        self._redis.asked.keys_read += 1
        stored = self._redis.get(one.key, one.groups, now)
        if stored is not None:
            self._redis.asked.bytes_read += stored.size
            self._keep(worker, one, stored, now)
        return stored

    def _refresh(self, worker: _Worker, one: Lookup, now: float) -> None:
        """Load behind a stale answer, unless that is under way, or another worker has done it."""
        if one.key in worker.flights:
            return
        if self._fleet.shared and one.key not in self._leases:
            stored = self._redis.get(one.key, one.groups, now)
            if stored is not None and now < stored.fresh_until:
                self._redis.asked.leases += 2
                self._redis.asked.claims += 1
                self._redis.asked.bytes_read += stored.size
                self._keep(worker, one, stored, now)
                return
        self._start(worker, one, now)

    def _start(self, worker: _Worker, one: Lookup, now: float) -> tuple[_Load, Source]:
        """The load that the worker waits for from now on: its own, or another's that holds the lease."""
        load = self._leases.get(one.key) if self._fleet.shared else None
        if load is not None:
            worker.flights[one.key] = load
            load.workers.append(worker)
            self._redis.asked.leases += 1
            return load, Source.JOINED
        load = _Load(one, now + one.seconds, self._redis.stamp(one.groups), worker)
        worker.flights[one.key] = self._loads[id(load)] = load
        if self._fleet.shared:
            self._leases[one.key] = load
        self._later(load.ends, load)
        self.outcome.began(one)
        return load, Source.ORIGIN

    def _loaded(self, load: _Load, now: float) -> None:
        """A load has ended: keep what it brought, unless an invalidation was faster."""
        one = load.one
        if self._loads.pop(id(load), None) is None:
            return
        for worker in load.workers:
            del worker.flights[one.key]
        policy = self._fleet.policies[one.cache]
        fresh, kept = policy.lifetimes(self._random.randbytes(8))
        stored = Stored(now + fresh, now + kept, one.size, load.stamp)
        if self._fleet.shared:
            self._store(load, stored, now)
        if one.size <= policy.max_bytes:
            for worker in load.workers:
                self._keep(worker, one, stored, now)
            for worker in load.recalled:
                worker.memories[one.cache].get(one.key, now)

    def _store(self, load: _Load, stored: Stored, now: float) -> None:
        one, asked = load.one, self._redis.asked
        self._leases.pop(one.key, None)
        followers = len(load.workers) - 1
        asked.claims += 1
        asked.commits += 1
        asked.leases += 2 + int(one.seconds * RENEWALS_A_SECOND)
        asked.reads += followers
        asked.keys_read += followers
        asked.bytes_read += followers * one.size
        asked.woken += followers > 0
        if one.cache == "tts":
            asked.relayed += 2 + one.seconds * CHUNKS_A_SECOND
        policy = self._fleet.policies[one.cache]
        if one.size <= policy.max_bytes:
            self._redis.put(one.key, stored, now, stale=policy.stale_while_revalidate)

    def _keep(self, worker: _Worker, one: Lookup, stored: Stored, now: float) -> None:
        worker.memories[one.cache].put(
            one.key,
            None,
            tenant=one.organisation,
            groups=one.groups,
            size=one.size,
            fresh_until=stored.fresh_until,
            dead_until=stored.dead_until,
            now=now,
        )

    def _invalidate(self, entry: Entry) -> None:
        group, caches = forgotten(entry)
        self._redis.replace(group)
        for worker in self._workers.values():
            for cache in caches:
                worker.memories[cache].drop_group(group)
        for load in [load for load in self._loads.values() if group in load.one.groups]:
            del self._loads[id(load)]
            self._leases.pop(load.one.key, None)
            for worker in load.workers:
                del worker.flights[load.one.key]


def simulate(entries: Iterable[Entry], fleet: Fleet, script: Script, *, seed: int = 1, warm_up: float = 0.0) -> Outcome:
    """What becomes of a trace, which must be sorted; what happens before second `warm_up` is not counted."""
    simulation = Simulation(fleet, script, random=Random(f"{seed}/jitter"))
    cold = warm_up > 0
    for entry in entries:
        if cold and entry.at >= warm_up:
            simulation.count_from_here()
            cold = False
        simulation.feed(entry)
    return simulation.finish()
