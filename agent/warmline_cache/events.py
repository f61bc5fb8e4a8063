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

    def on_store_failure(self, cache: str, operation: str) -> None:
        """Redis did not answer a `read`, `claim` or `commit` in time, or what it holds cannot be read (`decode`)."""

    def on_not_stored(self, cache: str, reason: NotStored) -> None:
        """A loaded value was not kept in L2."""

    def on_load(self, cache: str, seconds: float, *, failed: bool) -> None:
        """The origin was asked once."""

    def on_stream_loss(self, cache: str) -> None:
        """A listener lost the stream it followed and had to look elsewhere for the rest."""

    def on_removal(self, cache: str, cause: Removal, count: int) -> None:
        """So many values left L1."""


class Uncounted:
    """Hooks for whoever has no metrics, such as a command line."""

    def on_store_failure(self, cache: str, operation: str) -> None:
        """See `CacheEvents`."""

    def on_not_stored(self, cache: str, reason: NotStored) -> None:
        """See `CacheEvents`."""

    def on_load(self, cache: str, seconds: float, *, failed: bool) -> None:
        """See `CacheEvents`."""

    def on_stream_loss(self, cache: str) -> None:
        """See `CacheEvents`."""

    def on_removal(self, cache: str, cause: Removal, count: int) -> None:
        """See `CacheEvents`."""
