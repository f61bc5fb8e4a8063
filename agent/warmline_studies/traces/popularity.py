"""Draws by Zipf's law."""

from bisect import bisect
from itertools import accumulate
from random import Random


class Zipf:
    """Ranks 0 to `count` - 1; rank r is drawn in proportion to 1 / (r + 1) ** exponent."""

    def __init__(self, count: int, exponent: float) -> None:
        self._sums = list(accumulate((rank + 1) ** -exponent for rank in range(count)))

    def draw(self, random: Random) -> int:
        """Draw a rank."""
        return min(bisect(self._sums, random.random() * self._sums[-1]), len(self._sums) - 1)
