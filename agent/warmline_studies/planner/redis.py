"""L2 in the simulation: what is stored, until when, under which generations; and how much Redis was asked."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import NamedTuple

from warmline_cache.memory.wheel import Wheel
from warmline_studies.planner.lookups import Lookup

HEADER = 59
"""Bytes of an entry before its payload: schema, birth, identity, lengths, sum, and a token for each of four groups."""

OVERHEAD = 160
"""Bytes that an entry costs Redis beside its value: key, dictionary, expiry. Measured as the growth of `used_memory`
over 50,000 entries of this worker on Redis 7.0, jemalloc."""


CHUNKS_A_SECOND = 2.5
"""Pieces in which a phrase is relayed to other workers, by second of its load."""

RENEWALS_A_SECOND = 1.5
"""Of a lease of two seconds, renewed at a third of its life."""


def stored_size(size: int) -> int:
    """Compute the bytes that an entry with a payload of `size` takes: jemalloc has four sizes to each doubling."""
    step = 1 << max(4, (size + HEADER - 1).bit_length() - 3)
    return -(-(size + HEADER) // step) * step + OVERHEAD


class Stored(NamedTuple):
    """One entry: until when it is fresh, and until when it is kept; `stamp` are the generations of its load."""

    fresh_until: float
    dead_until: float
    size: int
    stamp: tuple[int, ...]


@dataclass(slots=True)
class RedisCalls:
    """Calls over the network by their purpose; a script counts once. `woken` counts released leases that another worker
    waited for, each of which is a message to every worker."""

    reads: int = 0
    keys_read: int = 0
    claims: int = 0
    commits: int = 0
    leases: int = 0
    relayed: float = 0.0
    woken: int = 0
    bytes_read: int = 0
    bytes_written: int = 0

    @property
    def calls(self) -> float:
        """Calls to the evicting Redis; leases are in the other one."""
        return self.reads + self.claims + self.commits + self.relayed

    @property
    def moved(self) -> int:
        """Bytes over the network."""
        return self.bytes_read + self.bytes_written

    def count_load(self, one: Lookup, *, followers: int) -> None:
        """Count a load under a lease, for which so many other workers waited."""
        self.claims += 1
        self.commits += 1
        self.leases += 2 + int(one.seconds * RENEWALS_A_SECOND)
        self.reads += followers
        self.keys_read += followers
        self.bytes_read += followers * one.size
        self.woken += followers > 0
        if one.cache == "tts":
            self.relayed += 2 + one.seconds * CHUNKS_A_SECOND

    def count_lease(self, size: int) -> None:
        """Count a lease that was taken for a load that turned out not to be needed."""
        self.leases += 2
        self.claims += 1
        self.bytes_read += size


class Need(NamedTuple):
    """What is needed of Redis: calls, bytes over the network, and bytes of memory."""

    calls: float = 0.0
    bytes: float = 0.0
    memory: int = 0


def add_up(parts: Iterable[RedisCalls]) -> RedisCalls:
    """Add up the counts of several organisations."""
    every = list(parts)
    return RedisCalls(**{one.name: sum(getattr(part, one.name) for part in every) for one in fields(RedisCalls)})


class Redis:
    """The evicting Redis, with room for everything. `useful` is the most bytes at once that could still answer a
    lookup; the rest of `peak` is only kept in case an origin fails, and can be evicted where room is short. `asked` is
    by organisation."""

    def __init__(self) -> None:
        self.asked: defaultdict[str, RedisCalls] = defaultdict(RedisCalls)
        self.peak = 0
        self.useful = 0
        self._most_useful = 0
        self._entries: dict[str, Stored] = {}
        self._kept, self._serving = _Held(), _Held()
        self._generations: dict[str, int] = {}

    def largest(self) -> Need:
        """Find the most that any one organisation had: calls and bytes in all, and of `useful` at once."""
        asked = self.asked.values()
        return Need(
            calls=max((one.calls for one in asked), default=0),
            bytes=max((one.moved for one in asked), default=0),
            memory=self._most_useful,
        )

    def stamp(self, groups: Iterable[str]) -> tuple[int, ...]:
        """Read the groups' present generations."""
        generations = self._generations
        return tuple([generations.get(group, 0) for group in groups])

    def replace(self, group: str) -> None:
        """Begin a new generation of a group: values that were loaded before are not used any more."""
        self._generations[group] = self._generations.get(group, 0) + 1

    def get(self, key: str, groups: Iterable[str], now: float) -> Stored | None:
        """Find an entry that may be used; None if there is none, or it is dead or of an older generation."""
        stored = self._entries.get(key)
        if stored is None or now >= stored.dead_until or stored.stamp != self.stamp(groups):
            return None
        return stored

    def put(self, key: str, stored: Stored, now: float, *, stale: float, organisation: str) -> None:
        """Store an organisation's entry, which is served for `stale` seconds after it was fresh."""
        self._entries[key] = stored
        size = stored_size(stored.size)
        for gone in self._kept.add(key, organisation, size, stored.dead_until, now):
            del self._entries[gone]
        self._serving.add(key, organisation, size, min(stored.dead_until, stored.fresh_until + stale), now)
        self.peak = max(self.peak, self._kept.total)
        self.useful = max(self.useful, self._serving.total)
        self._most_useful = max(self._most_useful, self._serving.of[organisation])
        self.asked[organisation].bytes_written += stored.size


class _Held:
    """Bytes by key, each held for a time; `total` adds up all of them, `of` those of each owner."""

    def __init__(self) -> None:
        self.total = 0
        self.of: Counter[str] = Counter()
        self._held: dict[str, tuple[str, int, float]] = {}
        self._wheel = Wheel()

    def add(self, key: str, owner: str, size: int, until: float, now: float) -> list[str]:
        """Hold a key anew, and let go of the keys whose time is over by `now`; these are returned."""
        self._drop(key)
        over = []
        while (dead := self._wheel.dead(now)) is not None:
            self._drop(dead)
            over.append(dead)
        self._held[key] = (owner, size, until)
        self._wheel.add(key, until)
        self.total += size
        self.of[owner] += size
        return over

    def _drop(self, key: str) -> None:
        if key in self._held:
            owner, size, until = self._held.pop(key)
            self._wheel.remove(key, until)
            self.total -= size
            self.of[owner] -= size
