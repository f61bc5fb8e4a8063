"""What a cache reports besides its tally, each by the part that knows it."""

from enum import StrEnum
from typing import Protocol

from warmline_cache.memory.memory import Removal


class NotStored(StrEnum):
    """Why a loaded value was served and not kept in L2."""

    TOO_LARGE = "too_large"
    OVERTAKEN = "overtaken"
    """Somebody invalidated it, or stored another, while it was loaded; or Redis evicted what would have told."""
    UNAVAILABLE = "unavailable"


class CacheEvents(Protocol):
    """Hooks. Each is called synchronously and must not raise."""

    def store_failed(self, cache: str, operation: str) -> None:
        """Redis did not answer a `read`, `claim` or `commit` in time, or what it holds cannot be read (`decode`)."""

    def not_stored(self, cache: str, reason: NotStored) -> None:
        """A loaded value was not kept in L2."""

    def loaded(self, cache: str, seconds: float, *, failed: bool) -> None:
        """The origin was asked once."""

    def stream_lost(self, cache: str) -> None:
        """A listener lost the stream it followed and had to look elsewhere for the rest."""

    def removed(self, cache: str, cause: Removal, count: int) -> None:
        """So many values left L1."""


class Uncounted:
    """Hooks for whoever has no metrics, such as a command line."""

    def store_failed(self, cache: str, operation: str) -> None:
        """See `CacheEvents`."""

    def not_stored(self, cache: str, reason: NotStored) -> None:
        """See `CacheEvents`."""

    def loaded(self, cache: str, seconds: float, *, failed: bool) -> None:
        """See `CacheEvents`."""

    def stream_lost(self, cache: str) -> None:
        """See `CacheEvents`."""

    def removed(self, cache: str, cause: Removal, count: int) -> None:
        """See `CacheEvents`."""
