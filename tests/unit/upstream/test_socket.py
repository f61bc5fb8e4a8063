"""A socket of the speech provider's, as it is on the wire."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from warmline.upstream.sarvam.socket import SarvamSocket, SarvamSockets

Said = Callable[[web.WebSocketResponse], Awaitable[None]]


@contextlib.asynccontextmanager
async def opened(said: Said) -> AsyncIterator[SarvamSocket]:
    """A socket to a provider of whom this is `said`."""

    async def handle(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(autoping=False)
        await socket.prepare(request)
        await said(socket)
        return socket

    app = web.Application()
    app.router.add_get("/ws", handle)
    async with TestServer(app) as server, aiohttp.ClientSession() as http:
        connect = SarvamSockets(http, str(server.make_url("/ws")), upstream="sarvam", key="k", ping=30)
        socket = await connect("bulbul:v3")
        yield socket
        await socket.close()


class Flood:
    """aiohttp's side of a socket on which so many frames of a kind have come already, and then a text."""

    def __init__(self, kind: aiohttp.WSMsgType, count: int) -> None:
        self._kind = kind
        self._left = count

    async def receive(self) -> aiohttp.WSMessage:
        self._left -= 1
        if self._left < 0:
            return aiohttp.WSMessage(aiohttp.WSMsgType.TEXT, "at last", None)
        return aiohttp.WSMessage(self._kind, b"", None)

    async def pong(self, data: bytes) -> None:
        """Never waits, as aiohttp's does not while the other side reads."""


@pytest.mark.parametrize("kind", [aiohttp.WSMsgType.PING, aiohttp.WSMsgType.PONG])
async def test_whatever_has_come_at_once_others_go_on(kind: aiohttp.WSMsgType) -> None:
    """It is had without a wait: a megabyte of pings held everybody up for a second."""
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    other = asyncio.create_task(others())
    assert await SarvamSocket(Flood(kind, 1000)).receive() == "at last"  # type: ignore[arg-type]
    other.cancel()
    assert turns >= 10


async def test_a_ping_is_answered_with_what_it_held() -> None:
    answered = asyncio.get_running_loop().create_future()

    async def ping(socket: web.WebSocketResponse) -> None:
        await socket.ping(b"there?")
        message = await socket.receive()
        answered.set_result((message.type, message.data))
        await socket.send_str("good")

    async with opened(ping) as socket:
        assert await socket.receive() == "good"
    assert await answered == (aiohttp.WSMsgType.PONG, b"there?")


async def test_a_provider_that_goes_on_sending_keeps_no_socket_from_being_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """aiohttp's own close waits for each further message, without an end: the pool's place was lost, and a core."""
    monkeypatch.setattr("warmline.upstream.sarvam.socket._CLOSE_SECONDS", 0.1)
    ended = asyncio.Event()

    async def endless(socket: web.WebSocketResponse) -> None:
        try:
            while True:
                await socket.send_str("more")
                await asyncio.sleep(0)
        finally:
            ended.set()

    async with opened(endless) as socket:
        assert await socket.receive() == "more"
        async with asyncio.timeout(5):
            await socket.close()
            await ended.wait()
