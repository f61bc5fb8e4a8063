"""How the lookups of one cache were answered: plain integers, for a hit costs less than a metrics library's call."""

from warmline.cache.entry import Source


class Tally:
    """Counts every `get_or_load` that returned, once, by who answered."""

    __slots__ = ("l1", "others")

    def __init__(self) -> None:
        self.l1 = 0
        self.others: dict[Source, int] = {source: 0 for source in Source if source is not Source.L1}

    def by_source(self) -> dict[Source, int]:
        """The counts until now."""
        return {Source.L1: self.l1, **self.others}
