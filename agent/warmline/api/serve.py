"""Two uvicorn servers in one loop, callers and fleet, and the order in which they stop.

On SIGTERM or SIGINT: the fleet's port says "not ready", the callers' port stops listening, requests under way get
`drain_seconds` to finish (an open WebSocket is one; `leave_seconds` before the end they are told to leave), then the
callers' server ends and the fleet's last. A second signal ends the wait.
"""

import asyncio
import contextlib
import signal
import socket
from collections.abc import Callable, Collection, Iterator

import structlog
import uvicorn
from starlette.types import ASGIApp

from warmline.connection import WebSocketConnection, http_protocol

_log = structlog.get_logger(__name__)


class _Server(uvicorn.Server):
    """uvicorn re-raises the signals it captures and would exit with -15; the loop's handlers below are ours."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


DEAF_SECONDS = 20
"""How long what was sent may stay unacknowledged, or undelivered because the peer does not read, until the connection
is given up; pings would not end that one (TCP_USER_TIMEOUT, RFC 5482)."""


def bind(host: str, port: int) -> socket.socket:
    """A bound socket that does not listen yet, so that a taken port is found before anything is loaded.

    Raises OSError, which names the address.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, DEAF_SECONDS * 1000)  # accepted sockets inherit it
    try:
        sock.bind((host, port))
    except OSError as error:
        sock.close()
        raise OSError(error.errno, error.strerror, f"{host}:{port}") from error
    return sock


class Service:
    """Serves `app` and `admin` until told to stop. `on_drain` is called when the stop begins, `on_leave` when what then
    still goes on has `leave_seconds` left. `sockets` are the paths of `app`'s WebSockets; a message of more than
    `message_bytes` on one ends its connection."""

    def __init__(
        self,
        app: ASGIApp,
        admin: ASGIApp,
        *,
        drain_seconds: float,
        leave_seconds: float,
        on_drain: Callable[[], None],
        on_leave: Callable[[], None],
        sockets: Collection[str] = (),
        message_bytes: int = 64 * 1024,
    ) -> None:
        self._callers = _Server(_config(app, sockets, message_bytes))
        self._fleet = _Server(_config(admin, (), message_bytes))
        self._leave_seconds = min(leave_seconds, drain_seconds)
        self._stay_seconds = drain_seconds - self._leave_seconds
        self._on_drain = on_drain
        self._on_leave = on_leave
        self._stop = asyncio.Event()
        self._hurry = asyncio.Event()

    def stop(self) -> None:
        """Begin to stop; called again, stop waiting for what is under way."""
        (self._hurry if self._stop.is_set() else self._stop).set()

    async def run(self, caller_socket: socket.socket, fleet_socket: socket.socket) -> None:
        """Serve on the two bound sockets; returns when both servers have ended."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._fleet.serve([fleet_socket]), name="serve fleet")
            callers = group.create_task(self._callers.serve([caller_socket]), name="serve callers")
            await self._stop.wait()
            await self._drain()
            self._callers.should_exit = True
            await callers
            self._fleet.should_exit = True

    async def _drain(self) -> None:
        self._on_drain()
        for server in self._callers.servers:
            server.close()
        seconds = self._stay_seconds + self._leave_seconds
        _log.info("draining", requests=len(self._callers.server_state.tasks), seconds=seconds)
        hurry = asyncio.create_task(self._hurry.wait(), name="second signal")
        under_way = asyncio.create_task(self._wait_for_requests(), name="requests under way")
        ends = {hurry, under_way}
        ended, _ = await asyncio.wait(ends, timeout=self._stay_seconds, return_when=asyncio.FIRST_COMPLETED)
        if not ended:
            self._on_leave()
            await asyncio.wait(ends, timeout=self._leave_seconds, return_when=asyncio.FIRST_COMPLETED)
        for task in ends:
            task.cancel()
        _log.info("drained", abandoned=len(self._callers.server_state.tasks))

    async def _wait_for_requests(self) -> None:
        while tasks := set(self._callers.server_state.tasks):
            await asyncio.wait(tasks)


def _config(app: ASGIApp, sockets: Collection[str], message_bytes: int) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=http_protocol(sockets),
        ws=WebSocketConnection,
        proxy_headers=False,  # nobody here goes by the caller's address, so nobody has to be believed about it
        lifespan="off",
        access_log=False,
        log_config=None,
        log_level="warning",  # below that it writes a line for every WebSocket, with the query of its URL
        server_header=False,
        ws_max_size=message_bytes,
        ws_ping_interval=20,
        ws_ping_timeout=20,
        ws_per_message_deflate=False,
        timeout_keep_alive=75,  # above the 60 s for which nginx keeps a connection: it must be the one to close
        timeout_graceful_shutdown=5,
    )
