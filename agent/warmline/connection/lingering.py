"""The end of a connection that still sends: RFC 9112, 9.6.

Closed at once with bytes unread, the kernel would answer them with a reset, and a reset overtakes what was said: the
client would see no refusal, and a proxy that sees a reset counts it against the worker.
"""

import asyncio

SECONDS = 2.0
"""How long the other side has to read and close; a proxy of the fleet's takes milliseconds."""


def take(owner: asyncio.Protocol, transport: asyncio.Transport, last: bytes) -> None:
    """Write `last` and end the connection, so that the other side can read it; `owner` hears of the end."""
    if transport.is_closing():
        return
    transport.write(last)
    transport.write_eof()
    transport.set_protocol(_Lingering(owner, transport))


class _Lingering(asyncio.Protocol):
    """Throws away what still comes, and lets go."""

    def __init__(self, owner: asyncio.Protocol, transport: asyncio.Transport) -> None:
        self._owner = owner
        self._transport = transport
        self._timer = asyncio.get_running_loop().call_later(SECONDS, transport.abort)

    def data_received(self, data: bytes) -> None:
        """Throw it away."""

    def eof_received(self) -> None:
        """Let the transport close: both sides have said all."""

    def pause_writing(self) -> None:
        """Nothing more is written."""

    def resume_writing(self) -> None:
        """Nothing more is written."""

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the owner."""
        self._timer.cancel()
        self._owner.connection_lost(exc)
