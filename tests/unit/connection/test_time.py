"""How long a connection may take over what it sends, in virtual time: the protocol on a transport that remembers."""

import asyncio

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from tests.support.clients.raw import handshake, head
from warmline.connection import WebSocketConnection, http_protocol
from warmline.connection.http import BODY_BYTES, BODY_SECONDS, HEAD_BYTES, HEAD_SECONDS
from warmline.connection.lingering import SECONDS as LINGERING
from warmline.connection.websocket import HANDSHAKE_SECONDS

pytestmark = pytest.mark.virtual_time
KEEP_ALIVE = 75


class Transport(asyncio.Transport):
    """What was written, and when it was closed."""

    def __init__(self, protocol: asyncio.Protocol) -> None:
        super().__init__()
        self.protocol = protocol
        self.written = b""
        self.closed_at: float | None = None
        self.closed = asyncio.Event()
        protocol.connection_made(self)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += bytes(data)

    def write_eof(self) -> None:
        pass

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        assert isinstance(protocol, asyncio.Protocol)
        self.protocol = protocol

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass

    def is_closing(self) -> bool:
        return self.closed_at is not None

    def close(self) -> None:
        if self.closed_at is None:
            self.closed_at = asyncio.get_running_loop().time()
            self.closed.set()
            asyncio.get_running_loop().call_soon(self.protocol.connection_lost, None)

    abort = close


class Server:
    """One connection to an application that answers at once, or never."""

    def __init__(self) -> None:
        self.silent = False
        self.state = ServerState()
        protocol = http_protocol(["/v1/sessions"])
        config = uvicorn.Config(
            self.app,
            http=protocol,
            ws=WebSocketConnection,
            interface="asgi3",
            lifespan="off",
            timeout_keep_alive=KEEP_ALIVE,
            log_config=None,
        )
        self.transport = Transport(protocol(config, self.state, {}))
        self.began = asyncio.get_running_loop().time()

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.silent:
            await asyncio.Event().wait()
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
            await send({"type": "http.response.body"})

    def say(self, data: bytes) -> None:
        self.transport.protocol.data_received(data)

    async def closed(self) -> float:
        """After how many seconds it was closed."""
        await self.transport.closed.wait()
        await asyncio.sleep(0)
        assert self.transport.closed_at is not None
        assert not self.state.connections
        return self.transport.closed_at - self.began


async def trickle(server: Server, data: bytes, *, every: float) -> None:
    """One byte after the other, until the connection is closed."""
    for byte in data:
        if server.transport.closed_at is not None:
            return
        server.say(bytes([byte]))
        await asyncio.sleep(every)


async def test_a_connection_that_says_nothing_is_closed_without_a_word() -> None:
    server = Server()
    assert await server.closed() == HEAD_SECONDS
    assert server.transport.written == b""


async def test_a_head_that_comes_byte_by_byte_is_answered_and_closed() -> None:
    server = Server()
    await trickle(server, b"GET / HTTP/1.1\r\nA: " + b"b" * 100, every=1)
    assert HEAD_SECONDS <= await server.closed() <= HEAD_SECONDS + LINGERING
    assert server.transport.written.startswith(b"HTTP/1.1 408 ")


async def test_a_body_that_comes_byte_by_byte_is_answered_and_closed() -> None:
    server = Server()
    server.silent = True
    server.say(head("POST /", "Content-Length: 1000"))
    await trickle(server, b"b" * 1000, every=1)
    assert BODY_SECONDS <= await server.closed() <= BODY_SECONDS + LINGERING
    assert server.transport.written.startswith(b"HTTP/1.1 408 ")


async def test_a_body_that_nobody_waits_for_any_more_has_its_time_too() -> None:
    server = Server()
    server.say(head("POST /", "Content-Length: 1000"))
    await trickle(server, b"b" * 1000, every=1)
    assert BODY_SECONDS <= await server.closed() <= BODY_SECONDS + LINGERING
    assert server.transport.written.count(b"HTTP/1.1") == 1


async def test_an_answer_may_take_longer_than_any_request() -> None:
    server = Server()
    server.silent = True
    server.say(head("GET /"))
    await asyncio.sleep(10 * KEEP_ALIVE)
    assert server.transport.closed_at is None
    server.transport.close()
    await server.closed()


async def test_a_long_answer_is_not_cut_off_for_an_earlier_one_that_ended_meanwhile() -> None:
    server = Server()
    first, second = head("GET /"), head("GET /")
    server.say(first + second[:9])
    await asyncio.sleep(1)
    assert server.transport.written.count(b"200 OK") == 1
    server.silent = True
    server.say(second[9:])
    await asyncio.sleep(2 * KEEP_ALIVE)
    assert server.transport.closed_at is None
    server.transport.close()
    await server.closed()


async def test_between_requests_a_connection_is_kept_and_blank_lines_are_no_request() -> None:
    server = Server()
    server.say(head("GET /"))
    await asyncio.sleep(KEEP_ALIVE - 1)
    assert server.transport.closed_at is None
    server.say(head("GET /"))
    await trickle(server, b"\r\n" * 100, every=1)
    assert await server.closed() == pytest.approx(2 * KEEP_ALIVE - 1, abs=1)
    assert server.transport.written.count(b"200 OK") == 2


async def test_the_second_heads_time_begins_with_its_first_byte() -> None:
    server = Server()
    server.say(head("GET /"))
    await asyncio.sleep(20)
    server.say(b"GET / HTTP/1.1\r\n")
    assert 20 + HEAD_SECONDS <= await server.closed() <= 20 + HEAD_SECONDS + LINGERING


async def test_a_head_without_an_end_is_kept_up_to_a_size() -> None:
    server = Server()
    server.say(b"GET / HTTP/1.1\r\nA: ")
    for _ in range(HEAD_BYTES // 1000 + 1):
        server.say(b"b" * 1000)
    assert server.transport.written.startswith(b"HTTP/1.1 431 ")
    assert await server.closed() <= LINGERING + 0.5


async def test_a_body_without_an_end_is_kept_up_to_a_size() -> None:
    """Also where it is one long trailer, which no handler ever sees."""
    server = Server()
    server.say(head("POST /", "Transfer-Encoding: chunked") + b"0\r\nA: ")
    for _ in range(BODY_BYTES // 10_000 + 1):
        server.say(b"b" * 10_000)
    assert await server.closed() <= LINGERING + 0.5


async def test_a_handshake_that_the_application_does_not_answer_is_answered_within_a_second() -> None:
    server = Server()
    server.silent = True
    server.say(handshake())
    await asyncio.sleep(HANDSHAKE_SECONDS + 0.001)
    assert server.transport.written.startswith(b"HTTP/1.1 503 ")
    assert await server.closed() <= HANDSHAKE_SECONDS + LINGERING + 0.5


async def test_a_stop_answers_a_handshake_that_is_under_way() -> None:
    server = Server()
    server.silent = True
    server.say(handshake())
    for connection in list(server.state.connections):
        connection.shutdown()
    assert server.transport.written.startswith(b"HTTP/1.1 503 ")
    await server.closed()


async def test_a_stop_does_not_mind_a_handshake_that_was_refused() -> None:
    server = Server()
    server.say(handshake(f"Cookie: {'a' * 9000}"))
    for connection in list(server.state.connections):
        connection.shutdown()
    assert server.transport.written.startswith(b"HTTP/1.1 431 ")
    await server.closed()
