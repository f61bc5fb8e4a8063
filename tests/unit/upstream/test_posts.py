"""A connection that dies under a request: made once more, on a fresh one, and only if nothing was answered."""

import asyncio
import base64
import contextlib
import socket
import struct
import time
from collections.abc import AsyncIterator
from typing import Literal

import aiohttp
import pytest

from tests.support.time.aio import until
from tests.unit.upstream.conftest import Provider
from warmline.upstream.convex.functions import Convex
from warmline.upstream.ports import Voice
from warmline.upstream.posts import Posts, open_posts
from warmline.upstream.sarvam.rest import Sarvam
from warmline_cache.errors import UpstreamUnavailable

FOUND = b'{"status": "success", "value": "found"}'
SPOKEN = b'{"request_id": "1", "audios": ["%b"]}' % base64.b64encode(bytes(range(256)) * 32)


class Balancer:
    """Answers `patience` requests of each connection; at the next it says `last`, and ends the connection."""

    def __init__(self) -> None:
        self.body = FOUND
        self.patience = 1
        self.last = b""
        self.how: Literal["fin", "rst"] = "fin"
        self.silent = False
        """Whether connections from now on get no answer."""
        self.requests = 0
        self.port = 0
        self._talks: set[asyncio.Task[None] | None] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._talks.add(asyncio.current_task())
        with contextlib.suppress(asyncio.IncompleteReadError, OSError):  # the client has closed it
            await self._answer(reader, writer)
        if self.how == "rst":
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()

    async def over(self) -> None:
        """Every connection has ended."""
        await asyncio.gather(*filter(None, self._talks))

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.silent:
            self.requests += 1
            await reader.read()
            return
        for _ in range(self.patience):
            await self._request(reader)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(self.body), self.body))
        await self._request(reader)
        writer.write(self.last)
        await writer.drain()

    async def _request(self, reader: asyncio.StreamReader) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        await reader.readexactly(int(head.partition(b"content-length:")[2].split()[0]))
        self.requests += 1


@pytest.fixture
async def balancer() -> AsyncIterator[Balancer]:
    found = Balancer()
    async with await asyncio.start_server(found.talk, "127.0.0.1", 0) as server:
        found.port = server.sockets[0].getsockname()[1]
        yield found
    await found.over()


@pytest.fixture
async def posts(balancer: Balancer) -> AsyncIterator[Posts]:
    fresh = aiohttp.TCPConnector(force_close=True)
    async with aiohttp.ClientSession() as kept, aiohttp.ClientSession(connector=fresh) as once:
        yield Posts(kept, once)


@pytest.fixture
def convex(posts: Posts, balancer: Balancer) -> Convex:
    return Convex(posts, balancer.url, deploy_key=None, timeout=1)


async def ask(convex: Convex) -> str | None:
    return await convex.action("things:find", {}, str)


@pytest.mark.parametrize("how", ["fin", "rst"])
async def test_a_connection_that_died_while_it_was_idle_fails_no_call(
    convex: Convex, balancer: Balancer, how: Literal["fin", "rst"]
) -> None:
    balancer.how = how
    assert [await ask(convex) for _ in range(4)] == ["found"] * 4
    assert balancer.requests > 4


async def test_many_that_died_at_the_same_time_fail_none(convex: Convex, balancer: Balancer) -> None:
    for _ in range(2):
        assert await asyncio.gather(*(ask(convex) for _ in range(8))) == ["found"] * 8


async def test_a_call_is_made_once_more_and_not_again(convex: Convex, balancer: Balancer) -> None:
    balancer.patience = 0
    with pytest.raises(UpstreamUnavailable):
        await ask(convex)
    assert balancer.requests == 2


@pytest.mark.parametrize("said", [b"H", b"HTTP/1.1 200 OK\r\nConte", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"])
async def test_an_answer_that_broke_off_is_not_asked_for_again(convex: Convex, balancer: Balancer, said: bytes) -> None:
    balancer.patience, balancer.last = 0, said
    with pytest.raises(UpstreamUnavailable):
        await ask(convex)
    assert balancer.requests == 1


async def test_both_attempts_together_have_the_calls_own_time(convex: Convex, balancer: Balancer) -> None:
    await ask(convex)
    balancer.silent = True
    began = time.monotonic()
    with pytest.raises(UpstreamUnavailable):
        await ask(convex)
    assert balancer.requests == 3
    assert time.monotonic() - began < 3


async def test_a_text_is_spoken_once_more_for_who_would_hear_nothing_and_billed_once_here(
    posts: Posts, balancer: Balancer
) -> None:
    balancer.body = SPOKEN
    billed: list[int] = []
    rest = Sarvam(
        posts, balancer.url, key="k", timeout=1, on_speech=lambda transport, characters: billed.append(characters)
    )
    voice = Voice(model="bulbul:v3", speaker="priya", language="en-IN")
    for _ in range(3):
        assert len(await rest.synthesise("Hello", voice)) > 0
    assert billed == [5, 5, 5]
    balancer.silent = True
    with pytest.raises(UpstreamUnavailable):
        await rest.synthesise("Hello", voice)


async def test_where_nobody_listens_nothing_is_tried_again(posts: Posts, balancer: Balancer) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        away = Convex(posts, f"http://127.0.0.1:{bound.getsockname()[1]}", deploy_key=None, timeout=1)
        with pytest.raises(UpstreamUnavailable, match="Connect"):
            await ask(away)


async def test_a_hundred_calls_under_way_hold_up_no_other(provider: Provider) -> None:
    """A client of aiohttp's has a hundred connections, to all hosts together: phrases held up everybody's questions."""
    provider.hangs = True
    async with open_posts() as posts, asyncio.TaskGroup() as group:

        async def call() -> int:
            async with posts.post(provider.url, json={}, headers={}) as response:
                return response.status

        hanging = [group.create_task(call()) for _ in range(100)]
        await until(lambda: provider.running == 100, seconds=10, what="a hundred calls")
        provider.hangs = False
        async with asyncio.timeout(10):
            assert await call() == 200
        for task in hanging:
            task.cancel()
