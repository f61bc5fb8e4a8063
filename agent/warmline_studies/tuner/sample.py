"""SHARDS: keys are sampled by their hash, at a fixed rate (Waldspurger, Park, Garthwaite and Ahmad, "Efficient MRC
Construction with SHARDS", FAST '15).

A key is in the sample always or never, so that every reuse of a sampled key is seen. A distance in the sample stands
for a distance that is 1/rate times as long, a lookup for 1/rate lookups.
"""

from hashlib import blake2b

_RANGE = 1 << 24


class Sample:
    """A sample of all keys; `rate` is the part, above 0 and at most 1. Raises ValueError for another rate."""

    def __init__(self, rate: float) -> None:
        if not 0 < rate <= 1:
            raise ValueError(f"a sampling rate lies above 0 and is at most 1, not {rate:g}")
        self._threshold = max(1, round(rate * _RANGE))
        self.rate = self._threshold / _RANGE

    def has(self, key: str) -> bool:
        """Tell whether the key is in the sample."""
        if self._threshold == _RANGE:
            return True
        digest = blake2b(key.encode("utf-8", "surrogatepass"), digest_size=3).digest()
        return int.from_bytes(digest, "big") < self._threshold
