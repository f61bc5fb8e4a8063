"""When to try again after failures. Pure: `now` is monotonic, in seconds."""

from collections.abc import Callable


class Backoff:
    """Doubles from `first` to `longest` seconds; each wait is a random half to whole of that.

    `random` is uniform in [0, 1): workers that failed together should not try again together.
    """

    __slots__ = ("_failures", "_first", "_longest", "_random", "failed_at", "retry_at")

    def __init__(self, *, first: float, longest: float, random: Callable[[], float]) -> None:
        self._first = first
        self._longest = longest
        self._random = random
        self._failures = 0
        self.failed_at = 0.0
        self.retry_at = 0.0

    @property
    def failing(self) -> bool:
        """Whether the last attempt failed."""
        return self._failures > 0

    def record_failure(self, now: float) -> None:
        """Record that an attempt failed: the next one waits longer."""
        wait = min(self._longest, self._first * 2.0 ** min(self._failures, 32))
        self._failures += 1
        self.failed_at = now
        self.retry_at = now + wait * (0.5 + 0.5 * self._random())

    def record_success(self) -> None:
        """Record that an attempt succeeded: the next failure waits the shortest time again."""
        self._failures = 0
