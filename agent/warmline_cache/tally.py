"""What is counted of one cache and of invalidations: plain integers, for a hit costs less than a library's call."""

from bisect import bisect_left

from warmline_cache.entry import Source, Stale


class Spread:
    """How long something took, as a histogram's counts: at most so many seconds, and one more for longer."""

    __slots__ = ("counts", "seconds")

    BOUNDS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

    def __init__(self) -> None:
        self.counts = [0] * (len(self.BOUNDS) + 1)
        self.seconds = 0.0

    def add(self, seconds: float) -> None:
        """It took so long once more."""
        self.counts[bisect_left(self.BOUNDS, seconds)] += 1
        self.seconds += seconds


class Tally:
    """Counts every `get_or_load` that returned, once, by who answered; times those that L1 did not answer at once."""

    __slots__ = ("l1", "others", "stale", "took")

    def __init__(self) -> None:
        self.l1 = 0
        self.others: dict[Source, int] = {source: 0 for source in Source if source is not Source.L1}
        self.took: dict[Source, Spread] = {source: Spread() for source in self.others}
        self.stale: dict[Stale, int] = dict.fromkeys(Stale, 0)

    def by_source(self) -> dict[Source, int]:
        """The counts until now."""
        return {Source.L1: self.l1, **self.others}


class Invalidations:
    """Counts what this worker made others forget: how each invalidation ended, and who acknowledged it."""

    __slots__ = ("acknowledged", "failed", "took", "waited_out")

    def __init__(self) -> None:
        self.failed = 0
        self.acknowledged = 0
        self.waited_out = 0
        self.took = Spread()
