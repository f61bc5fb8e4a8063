"""A token bucket. Pure: `now` is monotonic, in seconds."""


class Bucket:
    """Lets `burst` requests or messages through at once and `rate` a second in the long run.

    It may owe: what other workers let through is taken from it afterwards (`owe`), and is paid back at `rate`.
    """

    __slots__ = ("_at", "_burst", "_rate", "_tokens")

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self._rate = rate
        self._burst = burst
        self._tokens = burst
        self._at = now

    def take(self, now: float) -> float:
        """0.0 and one token less; or, taking nothing, in how many seconds there will be one."""
        self._refill(now)
        if self._tokens < 1.0:
            return (1.0 - self._tokens) / self._rate
        self._tokens -= 1.0
        return 0.0

    def owe(self, tokens: float, now: float) -> None:
        """Take as many, there or not."""
        self._refill(now)
        self._tokens -= tokens

    def _refill(self, now: float) -> None:
        if now > self._at:
            self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate)
            self._at = now
