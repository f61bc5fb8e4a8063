"""How long a value is good for, and for what. Pure."""

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, Gt, Unit, doc


@dataclass(frozen=True, slots=True)
class Policy:
    """Lifetimes of one cache in seconds, sizes in bytes. The two stale windows are RFC 5861's.

    `patience`      how long a caller waits for a load before a value within `stale_if_error` stands in for it
    `retry_after`   after a failed load that a stale value stood in for: no other load before this
    `jitter`        the share of `ttl` by which an entry may end early, so that what was loaded together does not end
                    together
    `max_bytes`     a larger value is served and not kept
    """

    ttl: Annotated[float, Gt(0), Unit("s"), doc("how long a loaded value is fresh")]
    negative_ttl: Annotated[
        float, Ge(0), Unit("s"), doc('how long "there is no such thing" is kept; it is never served stale')
    ]
    stale_while_revalidate: Annotated[
        float, Ge(0), Unit("s"), doc("how long after `ttl` a value is still served at once while one load runs behind")
    ] = 0.0
    stale_if_error: Annotated[
        float, Ge(0), Unit("s"), doc("how long after `ttl` a value is served when the origin fails or is too slow")
    ] = 0.0
    patience: float = 1.0
    retry_after: float = 1.0
    jitter: float = 0.1
    load_timeout: Annotated[float, Gt(0), Unit("s"), doc("a load that takes longer has failed")] = 10.0
    max_bytes: int = 4 * 1024 * 1024

    def lifetimes(self, identity: bytes, *, negative: bool = False) -> tuple[float, float]:
        """Seconds that an entry is fresh, and after which nothing may be done with it, both counted from its birth."""
        chance = int.from_bytes(identity, "big") / (1 << 8 * len(identity))
        early = 1 - self.jitter * chance
        if negative:
            return self.negative_ttl * early, self.negative_ttl * early
        fresh = self.ttl * early
        return fresh, fresh + max(self.stale_while_revalidate, self.stale_if_error)
