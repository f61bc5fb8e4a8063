"""The port: one client's connection, whatever carries it."""

from typing import Protocol

from warmline.session.messages import End, FromClient, FromWorker


class HungUp(Exception):
    """The connection cannot go on, or may not."""

    def __init__(self, end: End) -> None:
        super().__init__(end.text)
        self.end = end


class Client(Protocol):
    """Every method raises HungUp when the connection cannot go on."""

    async def hear(self) -> FromClient:
        """The next message. Raises CallerError for one that the protocol does not know; the next may be good."""

    async def tell(self, message: FromWorker) -> None:
        """Send a message."""

    async def play(self, frame: bytes) -> None:
        """Send a frame of audio."""
