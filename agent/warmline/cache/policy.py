"""How long a value is good for. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Policy:
    """Lifetimes of one cache, in seconds.

    `ttl` is how long a loaded value answers; `negative_ttl` the same for "there is no such thing".
    """

    ttl: float
    negative_ttl: float

    def lifetime(self, *, negative: bool) -> float:
        """Seconds that a value may answer, counted from its load."""
        return self.negative_ttl if negative else self.ttl
