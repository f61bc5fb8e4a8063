"""The limits of one account, which all its keys share: requests by token bucket, sockets by how many are open at once.

Any key that is not empty is a good one, save "exhausted", whose account has no credit left.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from warmline_simulators.sarvam.options import SarvamOptions
from warmline_simulators.sarvam.refused import SpeechRefused


class TokenBucket:
    """Refilled continuously with `rate` tokens a second up to `burst`, full at first."""

    def __init__(self, rate: float, burst: int) -> None:
        self._rate, self._burst = rate, burst
        self._tokens = float(burst)
        self._at: float | None = None

    def take(self, now: float) -> bool:
        """Whether there was a token to take."""
        if self._at is not None:
            self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate)
        self._at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


class SarvamAccount:
    """Lets requests and sockets in, or raises SpeechRefused. `clock` gives seconds."""

    def __init__(self, options: SarvamOptions, clock: Callable[[], float]) -> None:
        self._bucket = TokenBucket(options.requests_per_minute / 60, options.burst)
        self._clock = clock
        self._most = options.sockets
        self.open = 0
        self.peak = 0

    def request(self, headers: Mapping[str, str]) -> None:
        """Let one REST or stream request in."""
        _authenticate(headers)
        if not self._bucket.take(self._clock()):
            raise SpeechRefused(429, "rate_limit_exceeded_error", "Rate limit exceeded")

    @contextmanager
    def socket(self, headers: Mapping[str, str]) -> Iterator[None]:
        """Hold the place of one socket, from its handshake on."""
        _authenticate(headers)
        if self.open >= self._most:
            raise SpeechRefused(429, "rate_limit_exceeded_error", f"Only {self._most} sockets may be open at once")
        self.open += 1
        self.peak = max(self.peak, self.open)
        try:
            yield
        finally:
            self.open -= 1


def _authenticate(headers: Mapping[str, str]) -> None:
    key = headers.get("api-subscription-key", "") or headers.get("authorization", "").removeprefix("Bearer ")
    if not key:
        raise SpeechRefused(403, "invalid_api_key_error", "Invalid or missing API key")
    if key == "exhausted":
        raise SpeechRefused(429, "insufficient_quota_error", "No credits available")
