"""What a provider may send at a time, by the loop that workers run on."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Iterator

import aiohttp
import pytest
import uvloop
from aiohttp.client_proto import ResponseHandler

from warmline.upstream.connections import make_connector

INTERIM = b"HTTP/1.1 100 Continue\r\n\r\n"
LONG = 8 * 1024 * 1024
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % LONG + bytes(LONG)


@pytest.fixture
def url() -> Iterator[str]:
    """A provider that sends five megabytes of interim responses and then a long answer."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            connected, _ = listening.accept()
            with connected, contextlib.suppress(OSError):
                connected.recv(64 * 1024)
                connected.sendall(INTERIM * (5 * 1024 * 1024 // len(INTERIM)) + ANSWER)

        serving = threading.Thread(target=serve)
        serving.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        serving.join()


def test_others_have_a_turn_after_each_read_and_long_answers_come_whole(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else one read follows the other: five megabytes of `100 Continue` took a core 0.75 s."""
    reads, most, read = 0, 0, ResponseHandler.data_received

    def count(handler: ResponseHandler, data: bytes) -> None:
        nonlocal reads, most
        reads += bool(data)
        most = max(most, reads)
        read(handler, data)

    async def take_turns() -> None:
        nonlocal reads
        while True:
            await asyncio.sleep(0)
            reads = 0

    async def ask() -> int:
        others = asyncio.create_task(take_turns())
        async with aiohttp.ClientSession(connector=make_connector()) as session, session.get(url) as response:
            length = len(await response.read())
        others.cancel()
        return length

    monkeypatch.setattr(ResponseHandler, "data_received", count)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(ask()) == LONG
    assert most == 1


def test_the_kernel_may_hold_as_much_as_it_likes(url: str) -> None:
    """A bound makes a provider that is far away slow: at 200 ms five megabytes took 8 s instead of 3."""

    async def ask() -> int:
        async with aiohttp.ClientSession(connector=make_connector()) as session, session.get(url) as response:
            assert response.connection is not None
            assert response.connection.transport is not None
            connected = response.connection.transport.get_extra_info("socket")
            await response.content.readexactly(LONG - 1)
            held: int = connected.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
            await response.read()
            return held

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(ask()) > 256_000
