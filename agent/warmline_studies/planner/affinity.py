"""Which worker an edge sends a request to, by number: nginx's arithmetic over positions, with every slot up. Pure.

Sources: `ngx_http_upstream_ip_hash_module.c` and `ngx_http_upstream_hash_module.c` of nginx 1.22. The same arithmetic
stands in the control machine's filter `warmline_where`, which shares no Python with the worker's image; a test holds
them equal.
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


def by_address(caller: str, workers: int) -> int:
    """The slot of an IPv4 address: its first three octets count."""
    value = 89
    for octet in caller.split(".", 3)[:3]:
        value = (value * 113 + int(octet)) % IP_HASH_VALUES
    return value % workers


def by_session(session: str, workers: int) -> int:
    """The slot of a session's key."""
    return (zlib.crc32(session.encode()) >> 16 & 0x7FFF) % workers
