"""A redis-py connection that can be written to without waiting."""

from typing import Any

from hiredis import pack_command
from redis.asyncio.connection import AbstractConnection, Connection, SSLConnection
from redis.exceptions import ConnectionError as Disconnected

MAX_UNSENT = 32 * 1024 * 1024
"""Bytes that Redis may leave unread before the connection counts as broken."""


class Wire(AbstractConnection):
    """redis-py's own sending waits until the kernel took the bytes, and closes the connection if whoever waits is
    cancelled; on a connection that many share, one caller must not do that to the others."""

    def post(self, *command: Any) -> None:
        """Write a command. Raises redis-py's ConnectionError if the connection is closing or Redis does not read."""
        writer = self._writer
        if writer is None or writer.is_closing():
            raise Disconnected("the connection is closing")
        if writer.transport.get_write_buffer_size() > MAX_UNSENT:
            raise Disconnected("Redis does not read what it is sent")
        writer.write(pack_command(command))  # hiredis': redis-py's own costs more than all else here

    def hang_up(self) -> None:
        """Close without waiting; nothing, if that was done."""
        if self._writer is not None:
            self._writer.close()
            self._reader = self._writer = None


class TcpWire(Wire, Connection):
    """Over TCP."""


class TlsWire(Wire, SSLConnection):
    """Over TLS."""
