"""A wish → estimates: what `warmline plan` does between its options and its report."""

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
        """The fleet of so many workers. ValueError if that makes no sense."""
        return fleet_of(
            self.profile,
            workers=workers,
            affinity=self.affinity,
            shared=self.shared,
            weight=self.weight,
            sessions=self.sessions,
        )

    def standing_for(self, sampled: float, sizes: Sequence[int]) -> list[Fleet]:
        """The fleets of so many workers each, where each entry of a sample stands for so many. ValueError as above."""
        whole = replace(self, weight=self.weight * sampled)
        return [whole.fleet(workers) for workers in sizes]

    def script(self) -> Script:
        """What is looked up, at these prices."""
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
    """One plan for each number of workers; `trace` begins the same entries anew. Where those are a sample, `sampled`
    says for how many each stands, which is known when they have been read once. Raises ValueError, TraceError."""
    entries = trace()  # of an invented trace it is known from here on, and refused before it takes any time
    unbounded = simulate(entries, ideal(wish.standing_for(sampled(), sizes)[0]), wish.script(), warm_up=wish.warm_up)
    best = {cache: unbounded.hit_ratio(cache) for cache in CACHES}
    for fleet in wish.standing_for(sampled(), sizes):
        outcome = simulate(trace(), fleet, wish.script(), warm_up=wish.warm_up)
        found = estimate(
            outcome,
            capacity=wish.capacity,
            prices=wish.prices,
            sockets_account=wish.sockets_account,
            prewarm=wish.profile.sarvam_sockets.prewarm,
        )
        yield Planned(found, best)


def numbers(profile: str, changes: Sequence[str]) -> Profile:
    """A profile with some of its numbers changed, each written as `cache_rag_ttl=600`. Raises SettingsError."""
    given = {}
    for one in changes:
        name, _, number = one.partition("=")
        if name not in NUMBERS:
            raise SettingsError([f"{one}: there is no such number; there are {', '.join(NUMBERS)}"])
        given[name] = number
    return change(PROFILES[profile], given)


def as_json(planned: Planned) -> str:
    """All of a plan, as one JSON object."""
    found = msgspec.to_builtins(planned.estimate)
    return msgspec.json.encode({**found, "best": planned.best, "notes": notes(planned.estimate)}).decode()
