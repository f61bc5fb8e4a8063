"""One simulator as a process."""

import uvicorn
from starlette.types import ASGIApp

from warmline_simulators.abortable import AbortableWebSocket


def serve(app: ASGIApp, *, host: str, port: int) -> None:
    """Serve until a signal ends it. No pings of our own: whoever keeps a socket warm has to do it."""
    uvicorn.run(
        app,
        host=host,
        port=port,
        loop="uvloop",
        ws=AbortableWebSocket,
        ws_ping_interval=None,
        ws_per_message_deflate=False,
        log_level="warning",
        server_header=False,
    )
