"""A WebSocket server that can end TCP without a close frame, as a proxy that restarts or a cable that breaks does.

ASGI has no message for it. uvicorn copies the application's state into every scope, so that the transport's `abort` can
come along: `websocket.state.abort()`.
"""

from asyncio.transports import BaseTransport, Transport
from typing import cast

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol


class AbortableWebSocket(WebSocketsSansIOProtocol):
    """uvicorn's protocol, whose applications find `abort` in the state of their scope."""

    def connection_made(self, transport: BaseTransport) -> None:
        """Called for each connection before its scope is made."""
        self.app_state = {**self.app_state, "abort": cast(Transport, transport).abort}
        super().connection_made(transport)
