"""Which webhooks were carried out already, in the Redis that must not evict."""

from hashlib import blake2b

from warmline.cache.key import PROTOCOL
from warmline.cache.server import Budget, Server

KEPT_SECONDS = 3600
"""Longer than the five minutes for which a signature is believed, either way: what is forgotten cannot be replayed."""

_ASK_SECONDS = 1.0


class Deliveries:
    """Ids of events whose effect was achieved. Every method raises StoreUnavailable when it cannot be done."""

    def __init__(self, state: Server) -> None:
        self._state = state

    async def seen(self, event: str) -> bool:
        """Whether the event was recorded within the last hour."""
        return (
            await self._state.ask(Budget(_ASK_SECONDS), lambda link: link.call("GET", _key(event)), insist=True)
            is not None
        )

    async def record(self, event: str) -> None:
        """From now on it was seen."""
        await self._state.ask(
            Budget(_ASK_SECONDS), lambda link: link.call("SET", _key(event), b"1", "EX", KEPT_SECONDS), insist=True
        )


def _key(event: str) -> str:
    """A digest: the sender chose the id."""
    return f"wl{PROTOCOL}:webhook:{blake2b(event.encode(), digest_size=16).hexdigest()}"
