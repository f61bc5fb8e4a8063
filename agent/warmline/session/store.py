"""The port: where sessions are kept, so that any worker can go on with one."""

from collections.abc import Callable
from typing import Protocol

OWNER_BYTES = 8


class SessionStore(Protocol):
    """Sessions by key, each with one owner: the connection that may write it.

    Whoever claims a session becomes its owner. What fails raises StoreUnavailable.
    """

    async def save(self, key: str, owner: bytes, data: bytes) -> bool:
        """Write, for the store's lifetime of a session from now on; False, and nothing is written, if the session
        has another owner."""

    async def claim(self, key: str, owner: bytes) -> tuple[bytes, bytes] | None:
        """The owner before and the data, now this owner's; None if there is no such session."""

    async def forget(self, key: str, owner: bytes) -> None:
        """Delete it, if it is this owner's."""

    async def watch(self, claimed: Callable[[bytes], None]) -> None:
        """Tell of every owner that lost its session to another, on any worker. Runs until cancelled.

        A message can be lost while Redis is away: such an owner learns by its next `save`.
        """
