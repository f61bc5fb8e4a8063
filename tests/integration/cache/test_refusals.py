"""A Redis that answers with a refusal: its own words reach whoever runs the fleet, and no secret with them."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.support.caches import Recorded, TextCodec, key
from tests.support.caches.members import Origin
from tests.support.redis import RedisServer
from tests.support.time.aio import until
from warmline_cache import Cache, Caches, Policy
from warmline_cache.errors import StoreRefused, StoreUnavailable
from warmline_cache.redis.dial import dialler
from warmline_cache.redis.words import quote

SECRET = "hunter2-hunter2-hunter2"
RULES = "on ~wl* &wl* +@all -@dangerous -@admin +info"


class Refused:
    """A worker whose user has these rules on both servers."""

    def __init__(self, server: RedisServer, *, password: str | None = SECRET) -> None:
        url = server.url.replace("redis://", "redis://app@")
        dials = [dialler(url, password=password, timeout=1) for _ in range(2)]
        self.caches = Caches(dials[0], dials[1], name="w", events=Recorded())
        policy = Policy(ttl=60, negative_ttl=5)
        self.prompt: Cache[str] = self.caches.cache("prompt", TextCodec(), policy, max_bytes=10**6, versioned=True)

    async def says(self, words: str) -> None:
        """Return when readiness is told so."""
        told = ""

        async def asked() -> str:
            try:
                await self.caches.ping()
            except StoreUnavailable as error:
                return f"{type(error).__name__}: {error}"
            return "up"

        async def heard() -> None:
            nonlocal told
            told = f"{await asked()} {self.caches.refusals()}"

        for _ in range(500):
            await heard()
            if words in told:
                break
            await until_a_moment_later()
        assert words in told
        assert SECRET not in told


async def until_a_moment_later() -> None:
    passed = iter([False, True])
    await until(lambda: next(passed), seconds=5, what="a moment")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    made = RedisServer(tmp_path).start()
    yield made
    made.stop(forgiving=True)


@pytest.fixture
async def refused(server: RedisServer, request: pytest.FixtureRequest) -> AsyncIterator[Refused]:
    with server.client() as client:
        client.execute_command("ACL", "SETUSER", "app", f">{SECRET}", *f"{RULES} {request.param}".split())
    made = Refused(server)
    made.caches.start()
    yield made
    await made.caches.aclose()


@pytest.mark.parametrize(
    ("refused", "words"),
    [
        ("-info", "NOPERM"),
        ("-@scripting", "NOPERM"),
        ("resetchannels", "NOPERM"),
        ("off", "WRONGPASS"),
    ],
    indirect=["refused"],
)
async def test_what_a_user_may_not_do_is_told_in_the_servers_words_and_callers_are_answered(
    refused: Refused, words: str
) -> None:
    assert (await refused.prompt.get_or_load(key(), Origin())).value == "v1"
    await refused.says(words)
    assert any(words in problem for problem in await refused.caches.problems()) or words == "NOPERM"


@pytest.mark.parametrize("refused", [""], indirect=True)
async def test_a_server_that_takes_no_writes_is_not_said_to_be_silent(refused: Refused, server: RedisServer) -> None:
    await until(lambda: refused.caches.channel.fence.shared, seconds=10, what="a worker that has joined")
    with server.client() as client:
        client.config_set("maxmemory-policy", "noeviction")
        client.config_set("maxmemory", "1")
    await refused.prompt.get_or_load(key(), Origin())
    await refused.says("OOM")
    (problem, _) = await refused.caches.problems()
    assert problem.startswith("redis cache refuses: ")
    assert "OOM" in problem


async def test_a_wrong_or_missing_password_is_a_refusal_and_a_closed_port_is_none(server: RedisServer) -> None:
    with server.client() as client:
        client.execute_command("ACL", "SETUSER", "app", f">{SECRET}", *RULES.split())
    for password, words in [("wrong", "WRONGPASS"), (SECRET, "")]:
        caches = Refused(server, password=password).caches
        problems = await caches.problems()
        await caches.aclose()
        assert all("refuses" in one and words in one for one in problems)
        assert bool(problems) is bool(words)
    server.stop(forgiving=True)
    caches = Refused(server).caches
    assert all("does not answer: " in one for one in await caches.problems())
    await caches.aclose()


async def test_a_server_that_knows_no_hello_says_so_and_the_password_it_repeats_is_not_told() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            words = [await _word(reader) for _ in range(int(line[1:]))]
            arguments = " ".join(f"'{word.decode()}'" for word in words[1:])
            writer.write(
                f"-ERR unknown command '{words[0].decode()}', with args beginning with: {arguments}\r\n".encode()
            )
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    url = f"redis://app@127.0.0.1:{server.sockets[0].getsockname()[1]}"
    dial = dialler(url, password=SECRET, timeout=1)
    caches = Caches(dial, dial, name="w", events=Recorded())
    problems = await caches.problems()
    await caches.aclose()
    server.close()
    assert problems == [f"redis {name} refuses: unknown command 'HELLO'" for name in ("cache", "state")]


async def _word(reader: asyncio.StreamReader) -> bytes:
    length = int((await reader.readline())[1:])
    return (await reader.readexactly(length + 2))[:-2]


def test_what_a_server_repeats_of_a_command_is_not_repeated() -> None:
    error = StoreRefused(f"unknown command 'HELLO', with args beginning with: '3' 'AUTH' 'app' '{SECRET}'")
    assert quote(error) == "unknown command 'HELLO'"
    assert quote(TimeoutError()) == "TimeoutError"
    assert len(quote(ValueError("x" * 10_000))) == 200
