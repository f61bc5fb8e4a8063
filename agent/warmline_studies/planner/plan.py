"""From a wish to estimates: what `warmline plan` does between its options and its report."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import msgspec

from warmline.accounts.prices import PRICES, Prices
from warmline.errors import SettingsError
from warmline.settings import NUMBERS, PROFILES, Profile, change
from warmline_studies.planner.affinity import Affinity
from warmline_studies.planner.estimate import Capacity, Estimate, estimate
from warmline_studies.planner.fleet import Fleet, fleet_of, ideal
from warmline_studies.planner.lookups import CACHES, Origin, Script
from warmline_studies.planner.notes import notes
from warmline_studies.planner.simulation import simulate
from warmline_studies.traces import Entry


@dataclass(frozen=True)
class Wish:
    """What is to be planned, beside the number of workers: see `Fleet`."""

    profile: Profile
    affinity: Affinity = Affinity.IP_HASH
    shared: bool = True
    sessions: bool = True
    weight: float = 1.0
    warm_up: float = 0.0
    sockets_account: int = 100
    prices: Prices = PRICES
    capacity: Capacity = field(default_factory=Capacity)

    def fleet(self, workers: int) -> Fleet:
        """Make the fleet of so many workers. Raises ValueError if the numbers make no sense."""
        return fleet_of(
            self.profile,
            workers=workers,
            affinity=self.affinity,
            shared=self.shared,
            weight=self.weight,
            sessions=self.sessions,
        )

    def stand_for(self, sampled: float, sizes: Sequence[int]) -> list[Fleet]:
        """Make a fleet of each size, whose entries stand for `sampled` entries each. Raises ValueError as `fleet`."""
        whole = replace(self, weight=self.weight * sampled)
        return [whole.fleet(workers) for workers in sizes]

    def script(self) -> Script:
        """Make the script of lookups at these prices."""
        return Script(Origin(prices=self.prices), sessions=self.sessions)


class Planned(NamedTuple):
    """An estimate, and by cache the hit ratio of one cache without bounds."""

    estimate: Estimate
    best: dict[str, float]


def plans(
    trace: Callable[[], Iterable[Entry]],
    sizes: Sequence[int],
    wish: Wish,
    *,
    sampled: Callable[[], float] = lambda: 1.0,
) -> Iterator[Planned]:
    """Make a plan for each number of workers; each call of `trace` gives the entries from their beginning. If they are
    a sample, `sampled` says after one pass for how many each stands. Raises ValueError, TraceError."""
    entries = trace()  # an invented trace knows its weight from here on: a bad wish is refused before it takes time
    unbounded = simulate(entries, ideal(wish.stand_for(sampled(), sizes)[0]), wish.script(), warm_up=wish.warm_up)
    best = {cache: unbounded.hit_ratio(cache) for cache in CACHES}
    for fleet in wish.stand_for(sampled(), sizes):
        outcome = simulate(trace(), fleet, wish.script(), warm_up=wish.warm_up)
        found = estimate(
            outcome,
            capacity=wish.capacity,
            prices=wish.prices,
            sockets_account=wish.sockets_account,
            prewarm=wish.profile.speech.sockets.prewarm,
        )
        yield Planned(found, best)


def numbers(profile: str, changes: Sequence[str]) -> Profile:
    """Change some numbers of a profile, each written as `cache_rag_ttl=600`. Raises SettingsError."""
    given = {}
    for one in changes:
        name, _, number = one.partition("=")
        if name not in NUMBERS:
            raise SettingsError([f"{one}: there is no such number; there are {', '.join(NUMBERS)}"])
        given[name] = number
    return change(PROFILES[profile], given)


def as_json(planned: Planned) -> str:
    """Write a plan as one JSON object."""
    found = msgspec.to_builtins(planned.estimate)
    return msgspec.json.encode({**found, "best": planned.best, "notes": notes(planned.estimate)}).decode()
