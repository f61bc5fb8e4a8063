"""The invalidation protocol, every interleaving of it (docs/understand/invalidation.md says it in words).

The promise: a lookup that begins after an invalidation was acknowledged never returns what the origin held before
`invalidate` was called. Here the fleet is a state machine with one key in one group. Whatever may happen at some
moment is one step, and the explorer takes every step in every order. What anybody may do late (a message that sits
undelivered, a worker that is suspended, an invalidator that dies) needs no step of its own: not to take a step is
always possible.

The fleet's lease on a load is not in it, for nothing rests on it: any flight may claim, load and commit at any moment.

Time is a tick that may pass at any moment. Nothing holds a date, only what is left of a lease and how long ago a
question was asked, so that time has no end and the number of states has. Random tokens and stamps are numbers, of
which only equality counts: they are renumbered in each state.

A *flaw* changes the protocol in one place. Those that the model catches show that it looks there; those that are
harmless show what is not needed for the promise.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any, Self, TypeVar

import msgspec

from tests.model.explore import Explored, Explorer

T = TypeVar("T")

LEASE = 3
"""Ticks of the invalidator's clock for which a lease of 2 ticks lasts, by a worker's clock that is slow."""
WAIT = 3
"""Ticks for which an invalidator waits for the silent: a lease of 2 ticks and a margin of 1."""

FRESH_TOKEN, FRESH_STAMP = 98, 99
"""A random number that nobody has seen; `renumbered` makes it one of the small ones."""


# -- the state of the world


class Part(msgspec.Struct, frozen=True, cache_hash=True, gc=False):
    """A part of the world. A step leaves most parts as they are, and they keep their hashes."""

    def replace(self, **changes: Any) -> Self:
        """Return this part with some fields changed."""
        return msgspec.structs.replace(self, **changes)


class Slot(Part, frozen=True, cache_hash=True, gc=False):
    """The key's slot in `cache`: an entry with the token that it was loaded under, or a vacancy (version None)."""

    stamp: int
    version: int | None
    token: int | None


class Store(Part, frozen=True, cache_hash=True, gc=False):
    """What the Redis called `cache` holds. `marked` names the incarnation in which the log was replayed."""

    incarnation: int
    slot: Slot | None
    token: int | None
    marked: int


class Connection(Part, frozen=True, cache_hash=True, gc=False):
    """A worker's channel. `asked` is how long ago it sent what it awaits the answer to; `inbox` is what Redis said,
    replies and invalidations in one order.

    A dead connection takes nothing more in, in either direction; what is in the inbox may still arrive, or never.
    """

    member: int
    asked: int | None = 0
    answered: bool = False
    subscribed: bool = False
    registered: bool = False
    dead: bool = False
    inbox: tuple[str | int, ...] = ()


class Lookup(Part, frozen=True, cache_hash=True, gc=False):
    """A lookup that L1 did not answer, which must not return less than version `need`.

    `overtaken`: the worker's epoch has moved since. `doubted`: so has the incarnation of `cache`.
    """

    need: int
    stage: str
    found: int | None = None
    overtaken: bool = False
    doubted: bool = False


class Flight(Part, frozen=True, cache_hash=True, gc=False):
    """A load. `need` is the most that any of those who wait for it must have. `listed`: it is joinable."""

    need: int
    stage: str = "new"
    listed: bool = True
    overtaken: bool = False
    stamp: int | None = None
    token: int | None = None
    version: int = -1
    stored: bool = False


class Worker(Part, frozen=True, cache_hash=True, gc=False):
    """One worker. `lease` is what is left of it, `link` the incarnation of `cache` that it is connected to."""

    l1: int | None = None
    lease: int = 0
    channel: Connection | None = None
    joins: int = 0
    lookup: Lookup | None = None
    flights: tuple[Flight, ...] = ()
    link: int = 1
    trusts: bool = True
    replay: tuple[int, ...] | None = None


class Invalidation(Part, frozen=True, cache_hash=True, gc=False):
    """One call of `invalidate`. `done` counts its steps, `awaited` are the members that have not acknowledged, with
    the state in which they were found, `age` is the time since it published (-1: it has not)."""

    done: int = 0
    floor: int = 0
    awaited: tuple[tuple[int, str], ...] = ()
    age: int = -1
    acknowledged: bool = False


class World(Part, frozen=True, cache_hash=True, gc=False):
    """Everything. `promised` is the oldest version that a lookup which begins now may return."""

    store: Store
    workers: tuple[Worker, ...]
    invalidations: tuple[Invalidation, ...]
    members: tuple[tuple[int, str], ...] = ()
    version: int = 0
    promised: int = 0
    log: tuple[int, ...] = ()
    replica: Store | None = None
    former: Store | None = None
    outage: int | None = None
    breaks: int = 0
    evictions: int = 0
    failovers: int = 0
    outages: int = 0
    wrong: str = ""


Step = tuple[str, World]


# -- what is varied


class Flaw(Enum):
    """One change of the protocol."""

    # who invalidates
    MEMBERS_READ_FIRST = "membership is read before the token is replaced"
    PUBLISHED_FIRST = "the message is published before the token is replaced"
    LOGGED_LAST = "the invalidation is logged after the token was replaced"
    SILENT_NOT_AWAITED = "nobody waits for silent members"
    WAIT_WITHOUT_MARGIN = "silent members are waited for as long as a lease, without margin for slow clocks"
    FENCED_NOT_AWAITED = "members that were fenced already are not waited for"
    REMOVED_AT_ONCE = "a silent member is removed at once instead of fenced first"
    # the worker's channel
    LEASE_FROM_REPLY = "the lease counts from the reply to the renewal instead of from its sending"
    RENEWED_ELSEWHERE = "renewals travel over another connection than messages"
    FENCED_RENEWED = "a fenced member's lease is renewed"
    L1_KEPT_ON_REJOIN = "L1 is not emptied on rejoining"
    EPOCH_KEPT_ON_REJOIN = "the epoch is not bumped on rejoining"
    FLIGHTS_KEPT_ON_REJOIN = "flights are not detached on rejoining"
    ACKNOWLEDGED_FIRST = "a message is acknowledged before it is applied"
    REGISTERED_FIRST = "a worker registers before it subscribes"
    # reading and loading
    L1_READ_WHILE_FENCED = "L1 answers without a lease"
    READ_FILLS_UNCHECKED = "what was read from L2 fills L1 without a look at the epoch"
    FLIGHT_FILLS_UNCHECKED = "a flight fills L1 although it was detached"
    DETACHED_JOINED = "flights that an invalidation overtook are still joined"
    RUNNING_JOINED_WHILE_FENCED = "running flights are joined without a lease"
    REFUSED_FILLS_UNCHECKED = "a flight whose commit was refused fills L1 although it was detached"
    FILLED_WHILE_FENCED = "L1 is filled without a lease"
    # the shared store
    NOTHING_CLAIMED = "a claim makes nothing that is missing, and missing equals missing at the commit"
    NO_TOKEN_CLAIMED = "a claim makes no missing token, and missing equals missing at the commit"
    CLAIMED_AFTER_LOADING = "a claim counts although the origin was read before it was made"
    NO_STAMP_CHECK = "a commit does not compare the stamp"
    NO_TOKEN_CHECK = "a commit does not compare the token"
    TOKEN_OF_COMMIT = "an entry records the token that the commit finds, not the one that was claimed"
    STAMP_NOT_CHANGED = "invalidating a key leaves its slot's stamp as it was"
    # another incarnation of `cache`
    NO_REPLAY = "another incarnation of `cache` is believed at once"
    MARK_OF_ANY_INCARNATION = "the mark of any incarnation counts as replayed"
    MARKED_FIRST = "the mark is set before the log is replayed"
    TRUST_CHECKED_BEFORE_ONLY = "whether L2 may be believed is asked before reading it, and not again after"
    # what is assumed
    STATE_BACK_AT_ONCE = "`state` comes back within a lease, having forgotten its last second"
    FORMER_STATE_ANSWERS = "a former `state` goes on to renew leases after the failover"
    FORMER_CACHE_ANSWERS = "a former `cache` goes on to answer reads after the failover"


@dataclass(frozen=True, slots=True)
class Scenario:
    """How much may happen. Kinds of invalidation are "group" and "key"; `successive`: one begins when another is done.

    `flights` is how many a worker may have at a time; with none, who misses loads for itself and keeps nothing.
    `silences`: `cache` may not answer. `joined`: the first worker is on the channel already, with that state.
    """

    invalidations: tuple[str, ...] = ("group",)
    successive: bool = True
    workers: int = 1
    joins: int = 0
    breaks: int = 0
    flights: int = 0
    evictions: int = 0
    silences: bool = False
    failovers: int = 0
    outages: int = 0
    joined: str = ""


ORDER = ("log", "replace", "look", "publish")
"""What an invalidator does, one step towards Redis after the other; then it waits."""

WRONG_ORDERS = {
    Flaw.MEMBERS_READ_FIRST: ("log", "look", "replace", "publish"),
    Flaw.PUBLISHED_FIRST: ("log", "look", "publish", "replace"),
    Flaw.LOGGED_LAST: ("replace", "look", "publish", "log"),
}


# -- what may happen


class Fleet:
    """The protocol, with a flaw or without: which steps lead from a world to which others."""

    def __init__(self, scenario: Scenario, flaw: Flaw | None = None) -> None:
        self.scenario = scenario
        self.flaw = flaw
        order = ORDER if flaw is None else WRONG_ORDERS.get(flaw, ORDER)
        self.order = order if scenario.failovers else tuple(action for action in order if action != "log")

    def start(self) -> World:
        """An entry of version 0 in L2, and nobody on the channel yet."""
        worker = Worker(joins=self.scenario.joins)
        world = World(
            store=Store(1, Slot(1, 0, 2), 2, 1),
            workers=(worker,) * self.scenario.workers,
            invalidations=(Invalidation(),) * len(self.scenario.invalidations),
            breaks=self.scenario.breaks,
            evictions=self.scenario.evictions,
            failovers=self.scenario.failovers,
            outages=self.scenario.outages,
            replica=Store(0, Slot(1, 0, 2), 2, 1) if self.scenario.failovers else None,
        )
        if self.scenario.joined:
            channel = Connection(10, asked=None, subscribed=True, registered=True)
            joined = worker.replace(lease=LEASE, channel=channel)
            world = world.replace(workers=(joined, *world.workers[1:]), members=((10, self.scenario.joined),))
        return world

    def steps(self, world: World) -> Iterator[Step]:
        """Everything that may happen next."""
        for label, after in self._steps(world):
            yield label, after if _same_numbers(world, after) else renumbered(after)

    def _steps(self, world: World) -> Iterator[Step]:
        yield from self._time_passes(world)
        for number in range(len(world.invalidations)):
            yield from self._invalidator(world, number)
        for number, worker in enumerate(world.workers):
            yield from self._channel(world, number, worker)
            yield from self._lookups(world, number, worker)
            for at, flight in enumerate(worker.flights):
                yield from self._flight(world, number, at, flight)
            yield from self._incarnations(world, number, worker)
        yield from self._accidents(world)

    def _time_passes(self, world: World) -> Iterator[Step]:
        after = world.replace(
            workers=tuple(_worker_later(worker) for worker in world.workers),
            invalidations=tuple(_invalidation_later(one) for one in world.invalidations),
            outage=None if world.outage is None else min(LEASE, world.outage + 1),
        )
        if after != world:
            yield "a tick passes", after

    # -- who invalidates

    def _invalidator(self, world: World, number: int) -> Iterator[Step]:
        mine, who = world.invalidations[number], f"invalidation {number + 1}"
        if mine.done == 0:
            if self._may_begin(world, number):
                floor = world.version + 1
                begun = mine.replace(done=1, floor=floor)
                yield (
                    f"the origin changes to version {floor}; {who} begins",
                    _invalidation(world, number, begun, version=floor),
                )
        elif mine.done <= len(self.order):
            for label, after in self._act(world, number, self.order[mine.done - 1]):
                yield f"{who} {label}", after
        elif not mine.acknowledged:
            if not mine.awaited or mine.age >= self._patience():
                done = mine.replace(acknowledged=True, age=-1)
                promised = max(world.promised, mine.floor)
                yield f"{who} is acknowledged{_waited_out(mine)}", _invalidation(world, number, done, promised=promised)
        elif mine.awaited and world.outage is None:
            done = mine.replace(awaited=())
            yield f"{who} gives up the silent", _invalidation(world, number, done, members=self._given_up(world, mine))

    def _may_begin(self, world: World, number: int) -> bool:
        if number == 0:
            return True
        earlier = world.invalidations[number - 1]
        return earlier.acknowledged if self.scenario.successive else earlier.done > 0

    def _patience(self) -> int:
        if self.flaw is Flaw.SILENT_NOT_AWAITED:
            return 0
        return WAIT - 1 if self.flaw is Flaw.WAIT_WITHOUT_MARGIN else WAIT

    def _act(self, world: World, number: int, action: str) -> Iterator[Step]:
        mine = world.invalidations[number]
        mine = mine.replace(done=mine.done + 1)
        if action == "replace":
            store = self._replaced(world.store, (number,))
            yield f"replaces the {self.scenario.invalidations[number]}", _invalidation(world, number, mine, store=store)
        elif world.outage is not None:
            return
        elif action == "log":
            yield "is logged", _invalidation(world, number, mine, log=(*world.log, number))
        elif action == "look":
            mine = mine.replace(awaited=self._found(world))
            yield f"finds the members {_names(mine.awaited)}", _invalidation(world, number, mine)
        else:
            told = tuple(_told(worker, number) for worker in world.workers)
            yield "publishes", _invalidation(world, number, mine.replace(age=0), workers=told)

    def _found(self, world: World) -> tuple[tuple[int, str], ...]:
        if self.flaw is Flaw.FENCED_NOT_AWAITED:
            return tuple(member for member in world.members if member[1] == "live")
        return world.members

    def _given_up(self, world: World, mine: Invalidation) -> tuple[tuple[int, str], ...]:
        """A live member that kept silent is fenced, a fenced one removed; not if it changed in between."""
        members = dict(world.members)
        for name, state in mine.awaited:
            if members.get(name) == state:
                if state == "live" and self.flaw is not Flaw.REMOVED_AT_ONCE:
                    members[name] = "fenced"
                else:
                    del members[name]
        return tuple(sorted(members.items()))

    def _replaced(self, store: Store, numbers: tuple[int, ...]) -> Store:
        """New tokens for groups, vacancies for keys."""
        kinds = {self.scenario.invalidations[number] for number in numbers}
        if "group" in kinds:
            store = store.replace(token=FRESH_TOKEN)
        if "key" in kinds:
            kept = self.flaw is Flaw.STAMP_NOT_CHANGED and store.slot is not None
            stamp = store.slot.stamp if kept and store.slot else FRESH_STAMP
            store = store.replace(slot=Slot(stamp, None, None))
        return store

    # -- a worker's channel

    def _channel(self, world: World, number: int, worker: Worker) -> Iterator[Step]:
        channel, who = worker.channel, f"worker {number + 1}"
        if channel is None:
            if worker.joins and world.outage is None:
                member = 10 * (number + 1) + worker.joins
                dialled = worker.replace(channel=Connection(member), joins=worker.joins - 1)
                yield f"{who} dials and asks to join as {member}", _worker(world, number, dialled)
            return
        if channel.inbox:
            yield from self._hears(world, number, worker, channel)
        if channel.dead:
            yield f"{who} notices that its channel is gone", _worker(world, number, worker.replace(channel=None))
            return
        if world.breaks:
            yield f"{who}'s channel dies silently", _channel(world, number, _killed(channel), breaks=world.breaks - 1)
        if channel.asked is not None and not channel.answered and world.outage is None:
            yield from self._answers(world, number, channel)
        if channel.asked is None and worker.lease < LEASE:
            yield f"{who} asks to renew", _channel(world, number, channel.replace(asked=0))

    def _answers(self, world: World, number: int, channel: Connection) -> Iterator[Step]:
        """Redis does what a worker asked for: it subscribes, then registers it; or it renews its lease."""
        who = f"worker {number + 1}"
        if channel.registered:
            verdict = "granted" if self._may_renew(world, channel) else "denied"
            front = self.flaw is Flaw.RENEWED_ELSEWHERE
            inbox = (verdict, *channel.inbox) if front else (*channel.inbox, verdict)
            yield (
                f"`state`: {who}'s renewal is {verdict}",
                _channel(world, number, channel.replace(answered=True, inbox=inbox)),
            )
            return
        members = tuple(sorted({**dict(world.members), channel.member: "live"}.items()))
        joined = channel.replace(subscribed=True, registered=True, answered=True, inbox=(*channel.inbox, "joined"))
        if self.flaw is Flaw.REGISTERED_FIRST:
            if channel.member not in dict(world.members):
                yield f"`state`: {who} is registered", world.replace(members=members)
            else:
                yield f"`state`: {who} is subscribed", _channel(world, number, joined)
        elif not channel.subscribed:
            yield f"`state`: {who} is subscribed", _channel(world, number, channel.replace(subscribed=True))
        else:
            yield f"`state`: {who} is registered", _channel(world, number, joined, members=members)

    def _may_renew(self, world: World, channel: Connection) -> bool:
        state = dict(world.members).get(channel.member)
        if self.flaw is Flaw.FORMER_STATE_ANSWERS and not channel.subscribed:
            return True
        return state == "live" or (self.flaw is Flaw.FENCED_RENEWED and state == "fenced")

    def _hears(self, world: World, number: int, worker: Worker, channel: Connection) -> Iterator[Step]:
        """A worker takes the next thing from its inbox."""
        said, who = channel.inbox[0], f"worker {number + 1}"
        channel = channel.replace(inbox=channel.inbox[1:])
        if isinstance(said, int):
            yield from self._applies(world, number, worker.replace(channel=channel), said)
            return
        since_sent = 0 if self.flaw is Flaw.LEASE_FROM_REPLY else channel.asked or 0
        worker = worker.replace(channel=channel.replace(asked=None, answered=False), lease=LEASE - since_sent)
        if said == "joined":
            after = _worker(world, number, self._forgotten(worker))
            yield f"{who} hears that it joined, and forgets everything", after
            others = tuple(m for m in world.members if m[0] == channel.member or m[0] // 10 != number + 1)
            if others != world.members:
                yield (
                    f"{who} hears that it joined, forgets everything, signs its former self off",
                    after.replace(members=others),
                )
        elif said == "granted":
            yield f"{who} hears that its lease is renewed", _worker(world, number, worker)
        else:
            fenced = worker.replace(lease=0, channel=None)
            yield f"{who} hears that it was given up, and fences itself", _worker(world, number, fenced)

    def _forgotten(self, worker: Worker) -> Worker:
        """What joining forgets."""
        l1 = worker.l1 if self.flaw is Flaw.L1_KEPT_ON_REJOIN else None
        return _overtaken(
            worker.replace(l1=l1),
            epoch=self.flaw is not Flaw.EPOCH_KEPT_ON_REJOIN,
            flights=self.flaw is not Flaw.FLIGHTS_KEPT_ON_REJOIN,
        )

    def _applies(self, world: World, number: int, worker: Worker, said: int) -> Iterator[Step]:
        """A worker drops what a message names, then acknowledges. (`~said`: it did so before, by a flaw.)"""
        who = f"worker {number + 1}"
        channel = worker.channel
        assert channel is not None
        if self.flaw is Flaw.ACKNOWLEDGED_FIRST and said >= 0:
            after = _channel(world, number, channel.replace(inbox=(~said, *channel.inbox)))
        else:
            applied = _overtaken(worker.replace(l1=None))
            if self.flaw is Flaw.DETACHED_JOINED:
                applied = applied.replace(flights=tuple(f.replace(overtaken=True) for f in worker.flights))
            after = _worker(world, number, applied)
        label = f"{who} applies invalidation {max(said, ~said) + 1}"
        yield f"{label}, its acknowledgement is lost", after
        if said >= 0:
            mine = world.invalidations[said]
            awaited = tuple(member for member in mine.awaited if member[0] != channel.member)
            if awaited != mine.awaited and not mine.acknowledged:
                yield f"{label} and acknowledges", _invalidation(after, said, mine.replace(awaited=awaited))

    # -- a worker's lookups

    def _lookups(self, world: World, number: int, worker: Worker) -> Iterator[Step]:
        lookup, who = worker.lookup, f"worker {number + 1}"
        if lookup is None:
            if worker.l1 is not None and (worker.lease or self.flaw is Flaw.L1_READ_WHILE_FENCED):
                after = _returned(world, number, worker.l1, world.promised)
                if after.wrong:
                    yield f"{who}: a lookup begins, L1 answers", after
            else:
                begun = Lookup(world.promised, "asking" if worker.trusts else "missed")
                yield (
                    f"{who}: a lookup begins, L1 does not answer",
                    _worker(world, number, worker.replace(lookup=begun)),
                )
        elif lookup.stage == "asking":
            yield from self._asks(world, number, worker, lookup)
        elif lookup.stage == "held":
            yield from self._reads(world, number, worker, lookup)
        else:
            yield from self._joins(world, number, worker, lookup)

    def _asks(self, world: World, number: int, worker: Worker, lookup: Lookup) -> Iterator[Step]:
        store, who = self._seen(world, worker), f"worker {number + 1}"
        missed = lookup.replace(stage="missed")
        if store is not None:
            found = _usable(store)
            after = missed if found is None else lookup.replace(stage="held", found=found)
            said = "nothing" if found is None else f"version {found}"
            yield f"{who}: L2 has {said}", _worker(world, number, worker.replace(lookup=after))
        if self.scenario.silences:
            yield f"{who}: L2 is silent", _worker(world, number, worker.replace(lookup=missed))

    def _reads(self, world: World, number: int, worker: Worker, lookup: Lookup) -> Iterator[Step]:
        """The answer of L2 arrives: it fills L1 if no invalidation arrived since the question."""
        who, found = f"worker {number + 1}", lookup.found
        assert found is not None
        if lookup.doubted and self.flaw is not Flaw.TRUST_CHECKED_BEFORE_ONLY:
            missed = worker.replace(lookup=lookup.replace(stage="missed", found=None))
            yield f"{who}: L2's answer is doubted", _worker(world, number, missed)
            return
        fills = not lookup.overtaken or self.flaw is Flaw.READ_FILLS_UNCHECKED
        worker = self._filled(worker.replace(lookup=None), found, fills=fills)
        after = _returned(_worker(world, number, worker), number, found, lookup.need)
        yield f"{who}: the lookup returns version {found} from L2", after

    def _joins(self, world: World, number: int, worker: Worker, lookup: Lookup) -> Iterator[Step]:
        """No layer has it: join a flight, start one, or wait until there is none."""
        who = f"worker {number + 1}"
        if not self.scenario.flights:
            yield f"{who}: the lookup loads for itself", _worker(world, number, worker.replace(lookup=None))
            return
        at = next((at for at, flight in enumerate(worker.flights) if flight.listed), None)
        if at is None:
            if len(worker.flights) < self.scenario.flights:
                started = worker.replace(lookup=None, flights=(*worker.flights, Flight(lookup.need)))
                yield f"{who}: the lookup starts a flight", _worker(world, number, started)
        elif worker.lease or worker.flights[at].stage == "new" or self.flaw is Flaw.RUNNING_JOINED_WHILE_FENCED:
            joined = worker.flights[at].replace(need=max(worker.flights[at].need, lookup.need))
            worker = worker.replace(lookup=None, flights=_put(worker.flights, at, joined))
            yield f"{who}: the lookup joins flight {at + 1}", _worker(world, number, worker)

    def _filled(self, worker: Worker, version: int, *, fills: bool) -> Worker:
        if fills and (worker.lease or self.flaw is Flaw.FILLED_WHILE_FENCED):
            return worker.replace(l1=version)
        return worker

    # -- a worker's flights

    def _flight(self, world: World, number: int, at: int, flight: Flight) -> Iterator[Step]:
        worker, who = world.workers[number], f"worker {number + 1}: flight {at + 1}"
        if flight.stage == "new" and self.flaw is Flaw.CLAIMED_AFTER_LOADING:
            early = flight.replace(stage="early", version=world.version)
            yield f"{who} loads version {world.version} before it claims", _flight(world, number, at, early)
        elif flight.stage == "early":
            yield from self._claims(world, number, at, flight)
        elif flight.stage == "new":
            if worker.trusts:
                yield from self._claims(world, number, at, flight)
            if self.scenario.silences or not worker.trusts:
                yield f"{who} begins without L2", _flight(world, number, at, flight.replace(stage="alone"))
        elif flight.stage in {"claimed", "alone"}:
            stage = "loaded" if flight.stage == "claimed" else "held"
            loaded = flight.replace(stage=stage, version=world.version)
            yield f"{who} loads version {world.version} from the origin", _flight(world, number, at, loaded)
        elif flight.stage == "loaded":
            yield from self._commits(world, number, at, flight)
        else:
            yield f"{who} ends with version {flight.version}", self._ended(world, number, at, flight)

    def _claims(self, world: World, number: int, at: int, flight: Flight) -> Iterator[Step]:
        """In one step: make what is missing, read what is there."""
        worker, who = world.workers[number], f"worker {number + 1}: flight {at + 1}"
        store = self._seen(world, worker)
        if store is None:
            return
        if store.token is None and self.flaw not in {Flaw.NOTHING_CLAIMED, Flaw.NO_TOKEN_CLAIMED}:
            store = store.replace(token=FRESH_TOKEN)
        if store.slot is None and self.flaw is not Flaw.NOTHING_CLAIMED:
            store = store.replace(slot=Slot(FRESH_STAMP, None, None))
        found = _usable(store)
        if found is not None:
            flight = flight.replace(stage="held", version=found, stored=True)
        else:
            stage = "claimed" if flight.stage == "new" else "loaded"
            flight = flight.replace(stage=stage, stamp=store.slot and store.slot.stamp, token=store.token)
        label = f"{who} begins, claims and finds {'nothing' if found is None else f'version {found}'}"
        yield label, _flight(_stored(world, worker, store), number, at, flight)

    def _commits(self, world: World, number: int, at: int, flight: Flight) -> Iterator[Step]:
        """In one step: compare with what was claimed, and write."""
        worker, who = world.workers[number], f"worker {number + 1}: flight {at + 1}"
        store = self._seen(world, worker)
        held = flight.replace(stage="held", stamp=None, token=None)
        if self.scenario.silences:
            yield f"{who} cannot commit", _flight(world, number, at, held)
        if store is None:
            return
        if not self._unchanged(store, flight):
            yield f"{who}: its commit is refused", _flight(world, number, at, held)
            return
        token = store.token if self.flaw is Flaw.TOKEN_OF_COMMIT else flight.token
        world = _stored(world, worker, store.replace(slot=Slot(FRESH_STAMP, flight.version, token)))
        yield f"{who} commits version {flight.version}", _flight(world, number, at, held.replace(stored=True))
        if self.scenario.silences:
            yield f"{who} commits version {flight.version} and never hears of it", _flight(world, number, at, held)

    def _unchanged(self, store: Store, flight: Flight) -> bool:
        stamp = store.slot and store.slot.stamp
        if stamp != flight.stamp and self.flaw is not Flaw.NO_STAMP_CHECK:
            return False
        return store.token == flight.token or self.flaw in {Flaw.NO_TOKEN_CHECK, Flaw.TOKEN_OF_COMMIT}

    def _ended(self, world: World, number: int, at: int, flight: Flight) -> World:
        """Fill L1, with no await since the look at whether that is right; tell all who joined.

        Whether L2 took it makes no difference: a refusal may mean that L2 evicted what was claimed, and if it means
        that somebody invalidated, the message has come and the flight is detached, or comes before this worker is
        believed to have forgotten, or its lease ends.
        """
        worker = world.workers[number]
        checked = not flight.overtaken or self.flaw is Flaw.FLIGHT_FILLS_UNCHECKED
        if self.flaw is Flaw.REFUSED_FILLS_UNCHECKED and not flight.stored:
            checked = True
        worker = worker.replace(flights=worker.flights[:at] + worker.flights[at + 1 :])
        worker = self._filled(worker, flight.version, fills=checked)
        return _returned(_worker(world, number, worker), number, flight.version, flight.need)

    # -- incarnations of `cache`

    def _seen(self, world: World, worker: Worker) -> Store | None:
        """The `cache` that this worker's connection leads to, if it leads anywhere."""
        if worker.link == world.store.incarnation:
            return world.store
        former = world.former
        return former if former is not None and worker.link == former.incarnation else None

    def _incarnations(self, world: World, number: int, worker: Worker) -> Iterator[Step]:
        who = f"worker {number + 1}"
        if self._seen(world, worker) is None:
            trusts = self._believes(world.store)
            lookup = worker.lookup
            if lookup is not None and not trusts:
                lookup = lookup.replace(doubted=True)
            met = worker.replace(link=world.store.incarnation, trusts=trusts, replay=None, lookup=lookup)
            yield (
                f"{who} meets another `cache`{'' if trusts else ' and does not believe it'}",
                _worker(world, number, met),
            )
        elif not worker.trusts:
            yield from self._replays(world, number, worker)

    def _believes(self, store: Store) -> bool:
        if self.flaw is Flaw.NO_REPLAY:
            return True
        return store.marked == store.incarnation or (self.flaw is Flaw.MARK_OF_ANY_INCARNATION and store.marked > 0)

    def _replays(self, world: World, number: int, worker: Worker) -> Iterator[Step]:
        """Read the log, make what it names again, and say so in a mark."""
        who, marked = f"worker {number + 1}", world.store.replace(marked=world.store.incarnation)
        if worker.replay is None:
            store = marked if self.flaw is Flaw.MARKED_FIRST else world.store
            read = worker.replace(replay=world.log)
            yield f"{who} reads the log", _worker(world, number, read, store=store)
        elif worker.replay != REPLAYED:
            store = self._replaced(world.store, worker.replay)
            replayed = worker.replace(replay=REPLAYED)
            yield f"{who} makes the logged invalidations again", _worker(world, number, replayed, store=store)
        else:
            believing = worker.replace(replay=None, trusts=True)
            yield f"{who} sets the mark and believes L2", _worker(world, number, believing, store=marked)

    # -- what happens by itself

    def _accidents(self, world: World) -> Iterator[Step]:
        store = world.store
        if world.evictions:
            left = world.evictions - 1
            if store.token is not None:
                yield "`cache` evicts the token", world.replace(store=store.replace(token=None), evictions=left)
            if store.slot is not None:
                yield "`cache` evicts the slot", world.replace(store=store.replace(slot=None), evictions=left)
        for number, worker in enumerate(world.workers):
            if worker.l1 is not None:
                yield f"worker {number + 1}: L1 evicts", _worker(world, number, worker.replace(l1=None))
        yield from self._failover_of_cache(world)
        yield from self._failover_of_state(world)

    def _failover_of_cache(self, world: World) -> Iterator[Step]:
        store, replica = world.store, world.replica
        if replica is None or not world.failovers:
            return
        copy = store.replace(incarnation=0)
        if replica != copy:
            yield "`cache` is replicated", world.replace(replica=copy)
        promoted = replica.replace(incarnation=store.incarnation + 1)
        former = store if self.flaw is Flaw.FORMER_CACHE_ANSWERS else None
        yield (
            "`cache` fails over to its replica",
            world.replace(store=promoted, former=former, failovers=world.failovers - 1),
        )

    def _failover_of_state(self, world: World) -> Iterator[Step]:
        """`state` goes, and with it every connection; it comes back with what it had or without its last second."""
        if world.outage is None:
            if world.outages:
                workers = tuple(self._cut_off(worker) for worker in world.workers)
                yield "`state` is gone", world.replace(outage=0, outages=world.outages - 1, workers=workers)
        elif world.outage >= LEASE or self.flaw is Flaw.STATE_BACK_AT_ONCE:
            back = world.replace(outage=None)
            yield "`state` is back", back
            yield "`state` is back and forgot all members", back.replace(members=())
            unfenced = tuple((name, "live") for name, _ in world.members)
            yield "`state` is back and forgot who was given up", back.replace(members=unfenced)

    def _cut_off(self, worker: Worker) -> Worker:
        channel = worker.channel
        if channel is None:
            return worker
        if self.flaw is Flaw.FORMER_STATE_ANSWERS:
            return worker.replace(channel=channel.replace(subscribed=False))
        return worker.replace(channel=_killed(channel))


REPLAYED = (-1,)
"""Instead of the log that a worker has read: it has made those invalidations again."""


# -- changing one part of the world


def _put(items: tuple[T, ...], at: int, item: T) -> tuple[T, ...]:
    return (*items[:at], item, *items[at + 1 :])


def _worker(world: World, number: int, worker: Worker, **others: Any) -> World:
    return world.replace(workers=_put(world.workers, number, worker), **others)


def _channel(world: World, number: int, channel: Connection, **others: Any) -> World:
    return _worker(world, number, world.workers[number].replace(channel=channel), **others)


def _flight(world: World, number: int, at: int, flight: Flight) -> World:
    worker = world.workers[number]
    return _worker(world, number, worker.replace(flights=_put(worker.flights, at, flight)))


def _invalidation(world: World, number: int, invalidation: Invalidation, **others: Any) -> World:
    return world.replace(invalidations=_put(world.invalidations, number, invalidation), **others)


def _stored(world: World, worker: Worker, store: Store) -> World:
    """`store` as this worker left it, wherever its connection leads."""
    if worker.link == world.store.incarnation:
        return world.replace(store=store)
    return world.replace(former=store)


def _returned(world: World, number: int, version: int, need: int) -> World:
    if version >= need:
        return world
    return world.replace(
        wrong=f"worker {number + 1} returned version {version} to a lookup that began after version {need} was promised"
    )


def _usable(store: Store) -> int | None:
    """The version in the slot, if it was loaded under the token that is current."""
    if store.slot is None or store.token is None or store.slot.token != store.token:
        return None
    return store.slot.version


def _overtaken(worker: Worker, *, epoch: bool = True, flights: bool = True) -> Worker:
    """What was asked before now fills nothing any more, and no load of before now is joined any more."""
    if epoch and worker.lookup is not None:
        worker = worker.replace(lookup=worker.lookup.replace(overtaken=True))
    if flights:
        detached = tuple(flight.replace(overtaken=True, listed=False) for flight in worker.flights)
        worker = worker.replace(flights=detached)
    return worker


def _told(worker: Worker, number: int) -> Worker:
    channel = worker.channel
    if channel is None or channel.dead or not channel.subscribed:
        return worker
    return worker.replace(channel=channel.replace(inbox=(*channel.inbox, number)))


def _killed(channel: Connection) -> Connection:
    return channel.replace(dead=True, asked=channel.asked if channel.answered else None)


def _worker_later(worker: Worker) -> Worker:
    channel = worker.channel
    if channel is not None and channel.asked is not None and channel.asked < LEASE:
        worker = worker.replace(channel=channel.replace(asked=channel.asked + 1))
    return worker.replace(lease=worker.lease - 1) if worker.lease else worker


def _invalidation_later(one: Invalidation) -> Invalidation:
    return one.replace(age=one.age + 1) if 0 <= one.age < WAIT else one


def _same_numbers(world: World, after: World) -> bool:
    """Whether no random number can have appeared, gone or moved."""
    if world.store is not after.store or world.replica is not after.replica:
        return False
    return all(old.flights is new.flights for old, new in zip(world.workers, after.workers, strict=True))


def renumbered(world: World) -> World:
    """The same world with its random numbers named 1, 2, 3… in the order in which they stand in it."""
    numbers: dict[int | None, int | None] = {None: None}

    def of(number: int | None) -> int | None:
        return numbers.setdefault(number, len(numbers))

    def store(one: Store) -> Store:
        token, slot = of(one.token), one.slot
        if slot is not None:
            slot = Slot(of(slot.stamp) or 0, slot.version, of(slot.token))
        return one.replace(slot=slot, token=token)

    def worker(one: Worker) -> Worker:
        flights = tuple(flight.replace(stamp=of(flight.stamp), token=of(flight.token)) for flight in one.flights)
        return one.replace(flights=flights) if flights else one

    return world.replace(
        store=store(world.store),
        replica=world.replica and store(world.replica),
        former=world.former and store(world.former),
        workers=tuple(worker(one) for one in world.workers),
    )


def _names(members: tuple[tuple[int, str], ...]) -> str:
    return ", ".join(f"{name} ({state})" for name, state in members) or "nobody"


def _waited_out(invalidation: Invalidation) -> str:
    return f", having waited for {_names(invalidation.awaited)}" if invalidation.awaited else ""


def settled(world: World) -> bool:
    """Every invalidation was acknowledged, and nobody waits for anything."""
    busy = any(worker.lookup is not None or worker.flights for worker in world.workers)
    return not busy and world.outage is None and all(one.acknowledged for one in world.invalidations)


def explored(scenario: Scenario, flaw: Flaw | None = None) -> Explored:
    """Every interleaving of the scenario, or those up to the first that breaks the promise.

    Whether everything can settle is asked of the protocol alone, not of its flaws.
    """
    fleet = Fleet(scenario, flaw)
    return Explorer(fleet.steps, lambda world: world.wrong, settled=None if flaw else settled).explore(fleet.start())
