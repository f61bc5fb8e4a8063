"""Which webhooks were carried out already, in the Redis that must not evict."""

from hashlib import blake2b
from typing import NamedTuple

from warmline_cache.key import PROTOCOL
from warmline_cache.redis.budget import Budget
from warmline_cache.redis.server import Server

KEPT_SECONDS = 3600
"""Longer than the five minutes for which a signature is believed, either way: what is forgotten cannot be replayed."""

_ASK_SECONDS = 1.0


class Event(NamedTuple):
    """What tells one event from another: where it was sent, the id that its sender gave it, and what it says.

    Senders give one id to a message that they deliver to several endpoints, and some to everything of one transaction.
    """

    endpoint: str
    id: str
    body: bytes


class Deliveries:
    """Events whose effect was achieved. Every method raises StoreUnavailable when it cannot be done."""

    def __init__(self, state: Server) -> None:
        self._state = state

    async def seen(self, event: Event) -> bool:
        """Whether the event was recorded within the last hour."""
        return (
            await self._state.ask(Budget(_ASK_SECONDS), lambda link: link.call("GET", _key(event)), insist=True)
            is not None
        )

    async def record(self, event: Event) -> None:
        """From now on it was seen."""
        await self._state.ask(
            Budget(_ASK_SECONDS), lambda link: link.call("SET", _key(event), b"1", "EX", KEPT_SECONDS), insist=True
        )


def _key(event: Event) -> str:
    """A digest of all of it: neither an endpoint nor an id holds a zero byte, so that no two events are written alike.

    It is never the digest of an id alone, under which earlier versions keep theirs: beside those, an event is carried
    out once by each version, which costs a lookup.
    """
    told = b"\0".join((event.endpoint.encode(), event.id.encode(), event.body))
    return f"wl{PROTOCOL}:webhook:{blake2b(told, digest_size=16).hexdigest()}"
