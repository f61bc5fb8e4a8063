"""Whether what a worker remembers may be believed."""

import math


class Fence:
    """Stands between lookups and memory that an invalidation might have missed.

    `until`: L1 may answer while the clock is below this. `shared`: whether L2 may, which it may not after Redis came
    back as another one and until the invalidations that it may have forgotten were made again.
    """

    __slots__ = ("shared", "until")

    def __init__(self, *, until: float, shared: bool) -> None:
        self.until = until
        self.shared = shared


OPEN = Fence(until=math.inf, shared=True)
"""For caches whose keys name a version of what they hold: no invalidation is needed for them to be right."""
