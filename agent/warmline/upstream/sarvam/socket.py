"""Opening Sarvam's WebSocket, with aiohttp; whatever goes wrong is named here and nowhere else.

Protocol: `/text-to-speech/ws?model=…&send_completion_event=true` with the header `api-subscription-key`. A refused
handshake is 401 or 403 for a bad key, 429 or 503 for too many sockets.
"""

import asyncio
import contextlib

import aiohttp

from warmline.errors import UpstreamRejected
from warmline.pool import Loss, SocketLost
from warmline.upstream.sarvam import frames
from warmline_cache.errors import UpstreamUnavailable

_REFUSED_FOR_GOOD = {401, 403}
_LARGEST_FRAME = 4 * 1024 * 1024
_CLOSE_SECONDS = 1.0

_MOST_AT_ONCE = 64
"""Messages that are taken without letting others go on. Those that have come already are had without a wait, and a
read may hold tens of thousands: a provider that sent nothing but pings held everybody up for a second."""


def socket_url(url: str) -> str:
    """Where the sockets of an API are: beside its REST endpoint, `ws` for `http` and `wss` for `https`."""
    return f"ws{url.removeprefix('http').rstrip('/')}/text-to-speech/ws"


class SarvamSockets:
    """Opens sockets of one account: a `pool.Connect`. Borrows the HTTP session, whose own limit of connections must
    be none. A peer that does not answer a protocol ping within half of `ping` seconds is given up."""

    def __init__(self, http: aiohttp.ClientSession, url: str, *, upstream: str, key: str, ping: float) -> None:
        self._http = http
        self._url = url
        self._upstream = upstream
        self._headers = {"api-subscription-key": key}
        self._ping = ping

    async def __call__(self, model: str) -> "SarvamSocket":
        """Raises UpstreamRejected if the key is bad, else UpstreamUnavailable. Unbounded: bound it."""
        try:
            socket = await self._http.ws_connect(
                self._url,
                params={"model": model, "send_completion_event": "true"},
                headers=self._headers,
                heartbeat=self._ping,
                autoping=False,  # SarvamSocket does it, in turns
                timeout=aiohttp.ClientWSTimeout(ws_close=_CLOSE_SECONDS),
                max_msg_size=_LARGEST_FRAME,
            )
        except aiohttp.WSServerHandshakeError as error:
            problem = UpstreamRejected if error.status in _REFUSED_FOR_GOOD else UpstreamUnavailable
            raise problem(self._upstream, f"handshake refused with HTTP {error.status}") from error
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise UpstreamUnavailable(self._upstream, str(error) or type(error).__name__) from error
        return SarvamSocket(socket)


class SarvamSocket:
    """See `pool.SocketWire`."""

    def __init__(self, socket: "aiohttp.ClientWebSocketResponse[bool]") -> None:
        self._socket = socket
        self._taken = 0

    async def send(self, frame: str) -> None:
        """See `SocketWire.send`."""
        try:
            await self._socket.send_str(frame)
        except (aiohttp.ClientError, OSError, RuntimeError) as error:  # uvloop says RuntimeError of a closed transport
            raise SocketLost(Loss.CUT) from error

    async def ping(self) -> None:
        """See `SocketWire.ping`: Sarvam's own message, for whether a protocol ping counts as activity is not known."""
        await self.send(frames.PING)

    async def receive(self) -> str:
        """See `SocketWire.receive`."""
        while True:
            self._taken += 1
            if self._taken % _MOST_AT_ONCE == 0:
                await asyncio.sleep(0)
            message = await self._socket.receive()
            if message.type is aiohttp.WSMsgType.PING:
                await self._answer(message.data)
            elif message.type is not aiohttp.WSMsgType.PONG:
                break
        if message.type is aiohttp.WSMsgType.TEXT:
            return str(message.data)
        if message.type is aiohttp.WSMsgType.CLOSE:
            raise SocketLost(Loss.CLOSED)
        if isinstance(self._socket.exception(), aiohttp.ServerTimeoutError):
            raise SocketLost(Loss.SILENT)
        raise SocketLost(Loss.CUT)

    async def _answer(self, ping: bytes) -> None:
        """Raises SocketLost."""
        try:
            await self._socket.pong(ping)
        except (aiohttp.ClientError, OSError, RuntimeError) as error:
            raise SocketLost(Loss.CUT) from error

    def stale(self, frame: str) -> bool:
        """See `SocketWire.stale`."""
        return frames.stale(frame)

    async def close(self) -> None:
        """See `SocketWire.close`. aiohttp waits so long for each message of a provider that goes on sending, and not
        for all of them; whoever is still sending then is not listened to any more."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_CLOSE_SECONDS):
                await self._socket.close()
