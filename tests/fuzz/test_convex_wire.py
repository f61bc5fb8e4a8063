"""Whatever comes over the data provider's connection, the caller has a value or the provider's error, in time."""

import asyncio
import contextlib
import gzip
import zlib
from collections.abc import AsyncIterator

import aiohttp
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from warmline.errors import UpstreamRejected
from warmline.upstream.convex.functions import Convex
from warmline.upstream.posts import Posts
from warmline_cache.errors import UpstreamUnavailable

VALUE = b'{"status": "success", "value": "found"}'
BODIES = [
    VALUE,
    gzip.compress(VALUE),
    zlib.compress(VALUE),
    b"",
    b"27\r\n" + VALUE + b"\r\n0\r\n\r\n",
    b"ffffffffff\r\n",
]
STATUSES = [
    b"HTTP/1.1 200 OK",
    b"HTTP/1.0 200 OK",
    b"HTTP/1.1 100 Continue",
    b"HTTP/1.1 308 Moved",
    b"HTTP/1.1 429 ",
    b"ICE 7",
]
HEADERS = [
    b"Content-Length: 39",
    b"Content-Length: -1",
    b"Content-Length: 99999999999999999999",
    b"Content-Encoding: gzip",
    b"Content-Encoding: deflate",
    b"Content-Encoding: br",
    b"Content-Encoding: \xff",
    b"Transfer-Encoding: chunked",
    b"Location: http://[",
    b"Location: \xff",
    b"Set-Cookie: \xff=\x01; expires=never",
    b"Content-Type: \xff/\xff; charset=\xff",
    b"X: " + b"a" * 20_000,
    b"no colon",
    b"Connection: upgrade\r\nUpgrade: h2c",
    b"Keep-Alive: timeout=\xff",
]


class Talker:
    """Says these bytes to every request, and closes."""

    def __init__(self) -> None:
        self.said = b""
        self.port = 0
        self._talks: set[asyncio.Task[None] | None] = set()

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._talks.add(asyncio.current_task())
        with contextlib.suppress(asyncio.IncompleteReadError, OSError):  # the client has had enough
            await reader.readuntil(b"\r\n\r\n")
            writer.write(self.said)
            await writer.drain()
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()

    async def over(self) -> None:
        """Every connection has ended."""
        await asyncio.gather(*filter(None, self._talks))


@pytest.fixture
async def talker() -> AsyncIterator[Talker]:
    found = Talker()
    async with await asyncio.start_server(found.talk, "127.0.0.1", 0) as server:
        found.port = server.sockets[0].getsockname()[1]
        yield found
    await found.over()


async def asked(talker: Talker, said: bytes) -> object:
    talker.said = said
    fresh = aiohttp.TCPConnector(force_close=True)
    async with aiohttp.ClientSession() as kept, aiohttp.ClientSession(connector=fresh) as once:
        convex = Convex(Posts(kept, once), f"http://127.0.0.1:{talker.port}", deploy_key=None, timeout=2)
        try:
            return await convex.query("things:get", {}, str)
        except (UpstreamRejected, UpstreamUnavailable) as error:
            return type(error)


async def test_the_good_one_is_read(talker: Talker) -> None:
    assert await asked(talker, b"HTTP/1.1 200 OK\r\n\r\n" + VALUE) == "found"
    assert await asked(talker, b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(VALUE)) == "found"


async def test_what_unpacks_to_more_than_a_bound_is_not_unpacked(talker: Talker) -> None:
    bomb = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(bytes(100_000_000))
    assert await asked(talker, bomb) in {UpstreamRejected, UpstreamUnavailable}


@given(
    st.sampled_from(STATUSES) | st.binary(max_size=30),
    st.lists(st.sampled_from(HEADERS) | st.binary(max_size=30), max_size=4),
    st.sampled_from(BODIES) | st.binary(max_size=80),
)
@example(b"", [], b"")
@example(b"HTTP/1.1 200 OK", [b"Content-Length: 400"], VALUE)
def test_bytes_of_any_kind(status: bytes, headers: list[bytes], body: bytes) -> None:
    async def ask() -> object:
        talker = Talker()
        async with await asyncio.start_server(talker.talk, "127.0.0.1", 0) as server:
            talker.port = server.sockets[0].getsockname()[1]
            found = await asked(talker, b"\r\n".join([status, *headers, b"", body]))
        await talker.over()
        return found

    found = asyncio.run(ask())
    assert found in {UpstreamRejected, UpstreamUnavailable} or isinstance(found, str)
