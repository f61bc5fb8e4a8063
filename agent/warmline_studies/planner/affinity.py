"""Choosing the worker of a request, by number: nginx's arithmetic over positions, with every slot up. Pure.

Sources: `ngx_http_upstream_ip_hash_module.c` and `ngx_http_upstream_hash_module.c` of nginx 1.22. The same arithmetic
stands in the filter `warmline_where`, for Ansible imports nothing of agent/; a test holds them equal.
"""

import zlib
from enum import StrEnum

IP_HASH_VALUES = 6271
"""The values that ip_hash can take: however many slots there are, no more than these ever get a client."""


class Affinity(StrEnum):
    """What keeps a caller at a worker."""

    IP_HASH = "ip_hash"
    SESSION = "session"
    NONE = "none"


class Balancer:
    """Chooses a worker for each request, as an edge does; without an affinity the workers take turns."""

    def __init__(self, affinity: Affinity, workers: int) -> None:
        self._affinity, self._workers = affinity, workers
        self._turns = 0

    def choose(self, address: str, session: str) -> int:
        """Choose the number of a worker for a request from an address, within a session."""
        if self._affinity is Affinity.IP_HASH:
            return by_address(address, self._workers)
        if self._affinity is Affinity.SESSION:
            return by_session(session, self._workers)
        self._turns += 1
        return self._turns % self._workers


def by_address(caller: str, workers: int) -> int:
    """Compute the slot of an IPv4 address: its first three octets count."""
    value = 89
    for octet in caller.split(".", 3)[:3]:
        value = (value * 113 + int(octet)) % IP_HASH_VALUES
    return value % workers


def by_session(session: str, workers: int) -> int:
    """Compute the slot of a session's key."""
    return (zlib.crc32(session.encode()) >> 16 & 0x7FFF) % workers
