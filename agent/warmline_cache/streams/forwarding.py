"""Sending a stream on to other workers, behind those who hear it here."""

import asyncio

from warmline_cache.errors import StoreUnavailable
from warmline_cache.streams.broadcast import StreamEnd
from warmline_cache.streams.relay import Relay, Tokens


class Forwarding:
    """A stream on its way into the relay, which it enters as fast as the relay takes it: a slow one holds nobody up."""

    def __init__(self, relay: Relay, key: str, tokens: Tokens) -> None:
        self._relay = relay
        self._key = key
        self._tokens = tokens
        self._chunks: asyncio.Queue[bytes | StreamEnd] = asyncio.Queue()
        self._over = False

    def send(self, chunk: bytes) -> None:
        """The next chunk. Never waits."""
        if not self._over:
            self._chunks.put_nowait(chunk)

    def end(self, how: StreamEnd) -> None:
        """It is complete, or lost: then nobody is to wait for the rest of it."""
        self._chunks.put_nowait(how)

    async def run(self) -> None:
        """Send it all; or as much as the relay takes, for after a gap it gets no more."""
        try:
            outgoing = await self._relay.begin(self._key, self._tokens)
            while isinstance(chunk := await self._chunks.get(), bytes):
                await outgoing.send(chunk)
            await outgoing.end(chunk)
        except StoreUnavailable:
            return
        finally:
            self._over = True
