"""One simulator as a process."""

import uvicorn
from starlette.types import ASGIApp

from warmline_simulators.abortable import AbortableWebSocket


def serve(app: ASGIApp, *, host: str, port: int) -> None:
    """Serve until a signal ends it. No pings of our own: whoever keeps a socket warm has to do it.

    Raises OSError if it cannot listen there; uvicorn has then logged why.
    """
    try:
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
    except SystemExit as ended:  # with an exit code of its own
        raise OSError(f"cannot serve on {host}:{port}") from ended
