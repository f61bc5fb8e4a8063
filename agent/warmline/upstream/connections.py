"""Connections to providers, each of which lets others have a turn after a read.

uvloop goes on reading from a connection for as long as each read fills its buffer of 256,000 bytes, up to 32 times
before anybody else has a turn. What is small and many takes longest to read: a provider that sent five megabytes of
`100 Continue`, which may come before any answer (RFC 9110, 15.2), held everybody up for 0.75 s of a core, and now does
for 35 ms at a time. A body in chunks of a byte each is read in pieces of 110 ms.

To keep the kernel's buffer smaller than uvloop's would do that too, and makes long answers slow: a connection then
brings at most 120 kB in the time that a packet takes to the provider and back. At 200 ms, five megabytes took 8 s.
"""

import asyncio
from functools import partial

import aiohttp
from aiohttp.client_proto import ResponseHandler

_MUCH = 64 * 1024
"""Bytes. uvloop reads again at once only after a read of more."""


class _Connection(ResponseHandler):
    """Stops reading until the next turn of the loop whenever it has read much."""

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if len(data) >= _MUCH:
            self._pause_transport_reading()
            self._loop.call_soon(self._read_on)

    def _read_on(self) -> None:
        if not self._reading_paused and not self._buffer_paused:  # else aiohttp has a reason of its own
            self._resume_transport_reading()


def make_connector(*, force_close: bool = False) -> aiohttp.TCPConnector:
    """Make a connector for one session, without aiohttp's own limit: a hundred connections to all providers together,
    where a hundred phrases that one organisation waits for would hold up everybody's questions. How many run at a time
    is the clients' matter."""
    made = aiohttp.TCPConnector(limit=0, force_close=force_close)
    handler: type[ResponseHandler] = _Connection
    made._factory = partial(handler, loop=asyncio.get_running_loop())  # noqa: SLF001 - aiohttp has no argument for it
    return made
