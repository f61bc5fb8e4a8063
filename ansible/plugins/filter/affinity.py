"""Which slot an edge sends a client to: nginx's own arithmetic, shared by the playbooks and the tests. Pure.

Sources: `ngx_http_upstream_ip_hash_module.c` and `ngx_http_upstream_hash_module.c` of nginx 1.22. Every slot has
weight 1, nginx's default, and none is taken for failed: a client whose slot does not answer is elsewhere until it does.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from ipaddress import IPv4Address, ip_address
from itertools import count, islice

Slot = Mapping[str, object]

# nginx gives up its hash after the first choice and 20 more, and takes turns.
CHOICES = 21


def where(slots: Sequence[Slot], affinity: str, *, client: str = "", session: str = "") -> Slot | None:
    """The slot of a client: of its address under `ip_hash`, of its session key under `session`.

    `slots` as every edge lists them; one with a true `down` takes nobody. None if nginx takes turns: under `none`,
    and where all its choices are down, which is common only if few slots are left (but happens to one IPv4 network in
    some 6,000, whose choices are all the same slot). ValueError without a usable address or key.
    """
    up = [slot for slot in slots if not slot.get("down")]
    if len(up) < 2:
        return up[0] if up else None
    if affinity not in CANDIDATES:
        return None
    candidates = CANDIDATES[affinity](slots, {"ip_hash": client, "session": session}[affinity])
    return next((slot for slot in islice(candidates, CHOICES) if not slot.get("down")), None)


def client_of(slots: Sequence[Slot], affinity: str, name: str) -> dict[str, str]:
    """Headers of a client that a listed proxy would speak for, and whom `where` sends to the slot called `name`.

    Empty under `none`, where nobody can be sent anywhere. StopIteration if the slot takes nobody.
    """
    if affinity not in CANDIDATES:
        return {}
    header = {"ip_hash": "X-Forwarded-For", "session": "X-Warmline-Session"}[affinity]
    clients = (f"198.{second}.{third}.1" for second in range(256) for third in range(256))
    return {header: next(one for one in clients if _is(where(slots, affinity, client=one, session=one), name))}


def _is(slot: Slot | None, name: str) -> bool:
    return slot is not None and slot["name"] == name


def by_address(slots: Sequence[Slot], client: str) -> Iterator[Slot]:
    """The slots that `ip_hash` tries, in turn: three octets of an IPv4 address count, or all sixteen of IPv6."""
    address = ip_address(client)
    octets = address.packed[:3] if isinstance(address, IPv4Address) else address.packed
    value = 89
    while True:
        for octet in octets:
            value = (value * 113 + octet) % 6271
        yield slots[value % len(slots)]


def by_session(slots: Sequence[Slot], session: str) -> Iterator[Slot]:
    """The slots that `hash` tries, in turn: each attempt adds a checksum of its number and the key."""
    if not session:
        raise ValueError("a session key is needed, and there is none")
    value = 0
    for attempt in count():
        value += zlib.crc32(f"{attempt or ''}{session}".encode()) >> 16 & 0x7FFF
        yield slots[value % len(slots)]


CANDIDATES: dict[str, Callable[[Sequence[Slot], str], Iterator[Slot]]] = {"ip_hash": by_address, "session": by_session}


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, object]:
        """The filters by the names that playbooks use."""
        return {"warmline_where": where, "warmline_client_of": client_of}
