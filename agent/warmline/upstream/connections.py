"""Connections to providers, of which the kernel holds no more unread than is read at a time.

uvloop goes on reading from a connection for as long as each read fills its buffer of 256,000 bytes, dozens of times
before anybody else has a turn. What is small and many takes longest to read: a provider that sent five megabytes of
`100 Continue`, which may come before any answer (RFC 9110, 15.2), held everybody up for 0.75 s of a core, and now does
for 35 ms at a time. A body in chunks of a byte each is read in pieces of 110 ms.
"""

import socket
from typing import Any

import aiohttp

UNREAD_BYTES = 240_000
"""Below uvloop's buffer. A connection brings at most so much in the time that a packet takes to the provider and back:
12 MB a second at 20 ms."""


def make_connector(*, force_close: bool = False) -> aiohttp.TCPConnector:
    """Make a connector for one session, without aiohttp's own limit: a hundred connections to all providers together,
    where a hundred phrases that one organisation waits for would hold up everybody's questions. How many run at a time
    is the clients' matter."""
    return aiohttp.TCPConnector(limit=0, force_close=force_close, socket_factory=_open_socket)


def _open_socket(address: tuple[Any, ...]) -> socket.socket:
    opened = socket.socket(*address[:3])
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, UNREAD_BYTES // 2)  # Linux doubles it: socket(7)
    return opened
