"""Whether Redis is worth asking. Pure: `now` is monotonic, in seconds."""


class Breaker:
    """Opens at the first failure and then lets one call through every `cooldown` seconds, until one succeeds."""

    __slots__ = ("_closed", "_cooldown", "_next", "opened")

    def __init__(self, cooldown: float) -> None:
        self._cooldown = cooldown
        self._closed = True
        self._next = 0.0
        self.opened = 0
        """How often it has opened."""

    @property
    def closed(self) -> bool:
        """Whether the last call succeeded."""
        return self._closed

    def allow(self, now: float) -> bool:
        """Whether to call now. While open, a True is the only one for `cooldown` seconds."""
        if self._closed:
            return True
        if now < self._next:
            return False
        self._next = now + self._cooldown
        return True

    def record_failure(self, now: float) -> None:
        """Record that a call failed."""
        self.opened += self._closed
        self._closed = False
        self._next = now + self._cooldown

    def record_success(self) -> None:
        """Record that a call succeeded."""
        self._closed = True
