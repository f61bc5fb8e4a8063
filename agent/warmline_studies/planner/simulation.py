"""A simulation of a fleet on a trace, event by event, with the worker's own L1 and policies; waiting takes no time.

What is left out: failures, Redis' own milliseconds, eviction in Redis (its need is reported instead), and a load that
an invalidation overtakes while other workers wait for it, which costs one load more in truth.
"""

from collections.abc import Iterable
from heapq import heappop, heappush
from itertools import count
from random import Random

from warmline_cache import Source
from warmline_studies.planner.edge import Edge
from warmline_studies.planner.fleet import Fleet, Restart
from warmline_studies.planner.lookups import Lookup, Script, read_invalidation
from warmline_studies.planner.outcome import Outcome
from warmline_studies.planner.parts import Load, Talk, Worker
from warmline_studies.planner.redis import Redis, Stored, add_up
from warmline_studies.traces import Entry, Kind
from warmline_studies.traces.errors import TraceError


class Simulation:
    """Feed it entries in order, then `finish`; `random` decides the jitter of lifetimes."""

    def __init__(self, fleet: Fleet, script: Script, *, random: Random) -> None:
        self._fleet = fleet
        self._script = script
        self._random = random
        self._workers: dict[int, Worker] = {}
        self._redis = Redis()
        self._leases: dict[str, Load] = {}
        self._loads: dict[int, Load] = {}
        self._events: list[tuple[float, int, Load | Talk]] = []
        self._order = count()
        self._edge = Edge(fleet)
        self._restarts = sorted(fleet.restarts, reverse=True)
        self.outcome = Outcome(fleet)

    def count_from_here(self) -> None:
        """Forget the counts and nothing else, so that the steady state is counted from here on."""
        self.outcome = Outcome(self._fleet)
        self._redis.asked.clear()

    def feed(self, entry: Entry) -> None:
        """Let the next entry happen."""
        while self._restarts and self._restarts[-1].at <= entry.at:
            self._restart(self._restarts.pop())
        self._advance(entry.at)
        self.outcome.count_entry(entry)
        if entry.kind is Kind.INVALIDATE:
            self._invalidate(entry)
            return
        requests = self._script.requests(entry)
        self.outcome.count_requests(len(requests))
        workers = [self._worker(number) for number in self._edge.numbers(entry, len(requests))]
        self._go_on(Talk(requests, workers), entry.at)

    def finish(self) -> Outcome:
        """Let everything end that has begun, and return the outcome."""
        self._advance(float("inf"))
        self.outcome.redis = add_up(self._redis.asked.values())
        self.outcome.largest = self._redis.largest()
        self.outcome.redis_peak = self._redis.peak
        self.outcome.redis_useful = self._redis.useful
        self.outcome.workers_used = len(self._workers)
        self.outcome.l1_peak = max((worker.size for worker in self._workers.values()), default=0)
        return self.outcome

    def _restart(self, restart: Restart) -> None:
        """Replace workers by new ones; the old ones end what they began, and fill no L1 but their own."""
        self._advance(restart.at)
        for number in range(restart.workers):
            self._workers.pop(number, None)

    # -- time

    def _advance(self, until: float) -> None:
        while self._events and self._events[0][0] <= until:
            at, _, what = heappop(self._events)
            if isinstance(what, Load):
                self._end_load(what, at)
            else:
                self._go_on(what, at)

    def _later(self, at: float, what: Load | Talk) -> None:
        heappush(self._events, (at, next(self._order), what))

    def _go_on(self, talk: Talk, now: float) -> None:
        """Make the next stages of a talk, until it has to wait or is over."""
        while talk.requests:
            request = talk.requests[0]
            asked = self._redis.asked[request[0][0].organisation]
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

    def _worker(self, number: int) -> Worker:
        found = self._workers.get(number)
        if found is None:
            found = self._workers[number] = Worker(self._fleet)
        return found

    # -- the read path

    def _look(self, worker: Worker, one: Lookup, now: float) -> float:
        """Count one lookup, and return the seconds that it waits."""
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

    def _look_in_l2(self, worker: Worker, one: Lookup, now: float) -> Stored | None:
        if not self._fleet.shared:
            return None
        asked = self._redis.asked[one.organisation]
        asked.keys_read += 1
        stored = self._redis.get(one.key, one.groups, now)
        if stored is not None:
            asked.bytes_read += stored.size
            self._keep(worker, one, stored, now)
        return stored

    def _refresh(self, worker: Worker, one: Lookup, now: float) -> None:
        """Load behind a stale answer, unless a load is under way, or another worker has made it."""
        if one.key in worker.flights:
            return
        if self._fleet.shared and one.key not in self._leases:
            stored = self._redis.get(one.key, one.groups, now)
            if stored is not None and now < stored.fresh_until:
                self._redis.asked[one.organisation].count_lease(stored.size)
                # At the end of the moment: who looks twice in it, as a greeting does, finds the old value twice.
                self._fly(worker, Load(one, now, stored.stamp, worker, stored))
                return
        self._start(worker, one, now)

    def _start(self, worker: Worker, one: Lookup, now: float) -> tuple[Load, Source]:
        """Begin the worker's own load, or wait for the load of another worker that holds the lease; return which."""
        load = self._leases.get(one.key) if self._fleet.shared else None
        if load is not None:
            worker.flights[one.key] = load
            load.workers.append(worker)
            self._redis.asked[one.organisation].leases += 1
            return load, Source.JOINED
        load = Load(one, now + one.seconds, self._redis.stamp(one.groups), worker)
        if self._fleet.shared:
            self._leases[one.key] = load
        self._fly(worker, load)
        self.outcome.count_load(one)
        return load, Source.ORIGIN

    def _fly(self, worker: Worker, load: Load) -> None:
        worker.flights[load.one.key] = self._loads[id(load)] = load
        self._later(load.ends, load)

    def _end_load(self, load: Load, now: float) -> None:
        """End a load: keep what it brought, unless an invalidation was faster."""
        one = load.one
        if self._loads.pop(id(load), None) is None:
            return
        for worker in load.workers:
            del worker.flights[one.key]
        stored = load.found or self._bring(load, now)
        if one.size <= self._fleet.policies[one.cache].max_bytes:
            for worker in load.workers:
                self._keep(worker, one, stored, now)
            for worker in load.recalled:
                worker.memories[one.cache].get(one.key, now)

    def _bring(self, load: Load, now: float) -> Stored:
        """What the origin answered, and its entry in L2 where the fleet shares one."""
        fresh, kept = self._fleet.policies[load.one.cache].lifetimes(self._random.randbytes(8))
        stored = Stored(now + fresh, now + kept, load.one.size, load.stamp)
        if self._fleet.shared:
            self._store(load, stored, now)
        return stored

    def _store(self, load: Load, stored: Stored, now: float) -> None:
        one = load.one
        self._leases.pop(one.key, None)
        self._redis.asked[one.organisation].count_load(one, followers=len(load.workers) - 1)
        policy = self._fleet.policies[one.cache]
        if one.size <= policy.max_bytes:
            stale = policy.stale_while_revalidate
            self._redis.put(one.key, stored, now, stale=stale, organisation=one.organisation)

    def _keep(self, worker: Worker, one: Lookup, stored: Stored, now: float) -> None:
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
        group, caches = read_invalidation(entry)
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
    """Play a sorted trace on a fleet; what happens before second `warm_up` is not counted.

    Raises TraceError if that leaves nothing.
    """
    simulation = Simulation(fleet, script, random=Random(f"{seed}/jitter"))
    cold = warm_up > 0
    for entry in entries:
        if cold and entry.at >= warm_up:
            simulation.count_from_here()
            cold = False
        simulation.feed(entry)
    if cold:
        raise TraceError([f"all of the trace comes before second {warm_up:g}, the end of the warm-up"])
    return simulation.finish()
