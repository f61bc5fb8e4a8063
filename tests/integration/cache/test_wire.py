"""One connection that many share: who gives up, what nobody asked for, what arrives at the worst moment."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from structlog.testing import capture_logs

from tests.support.caches import KNOWLEDGE
from tests.support.caches.members import Member
from tests.support.redis import RedisServer
from tests.support.redis.impostor import HELLO, OK, Answer, Impostor, Words, bulk, push
from tests.support.time.aio import until
from tests.support.time.quiet import no_complaints
from warmline_cache.errors import InvalidationFailed, StoreRefused, StoreUnavailable
from warmline_cache.redis.breaker import Breaker
from warmline_cache.redis.budget import Budget
from warmline_cache.redis.dial import dialler
from warmline_cache.redis.link import Link
from warmline_cache.redis.server import Server
from warmline_cache.store.redis import RedisLeases

Pose = Callable[[Answer], Awaitable[Impostor]]


@pytest.fixture(autouse=True)
async def quiet() -> AsyncIterator[None]:
    with no_complaints():
        yield


@pytest.fixture
async def pose() -> AsyncIterator[Pose]:
    posing: list[Impostor] = []

    async def start(answer: Answer) -> Impostor:
        posing.append(await Impostor(answer).start())
        return posing[-1]

    yield start
    for impostor in posing:
        await impostor.aclose()


def link_to(url: str, **hooks: object) -> Link:
    return Link(dialler(url, password=None, timeout=1), dial_timeout=1, **hooks)  # type: ignore[arg-type]  # handed on


def echo(words: Words) -> bytes:
    """The key that was asked for is its value."""
    return bulk(words[1])


async def test_a_connection_lost_with_the_greetings_last_reply_is_dialled_again(pose: Pose) -> None:
    refused = False

    def answer(words: Words) -> bytes:
        nonlocal refused
        if words[0] == b"PING" and not refused:
            refused = True
            return OK + push(b"message", b"channel", b"unreadable")
        return OK if words[0] == b"PING" else echo(words)

    async def greet(link: Link) -> None:
        await link.send("PING")

    impostor = await pose(answer)
    link: Link = link_to(impostor.url, greet=greet, on_push=lambda _: link.reset("unreadable"))
    with pytest.raises(StoreUnavailable):
        await link.call("GET", "a")
    assert await link.call("GET", "a") == b"a"
    assert impostor.dialled == 2
    await link.aclose()


UNREADABLE = {"an empty push": b">0\r\n", "a list as the name of a field": b"%1\r\n*0\r\n:3\r\n"}


@pytest.mark.parametrize("said", UNREADABLE.values(), ids=UNREADABLE)
async def test_a_server_that_speaks_as_no_redis_does_is_away_until_it_speaks_as_one_and_the_log_says_why(
    pose: Pose, said: bytes
) -> None:
    impostor = await pose(lambda words: said if words[1] == b"odd" else echo(words))
    link = link_to(impostor.url)
    for hello, name in ((said, b"a"), (HELLO, b"odd")):
        impostor.hello = hello
        with capture_logs() as logs, pytest.raises(StoreUnavailable):
            await link.call("GET", name)
        assert [log["log_level"] for log in logs if "exc_info" in log] == ["error"]
    assert await link.call("GET", "a") == b"a"
    await link.aclose()


async def test_a_reply_that_nobody_asked_for_ends_the_connection_and_is_nobodys(pose: Pose) -> None:
    impostor = await pose(lambda words: bulk(words[1]) + (bulk(b"surplus") if words[1] == b"a" else b""))
    link = link_to(impostor.url)
    assert await link.call("GET", "a") == b"a"
    await until(lambda: "down" in repr(link), seconds=5, what="a link that noticed")
    assert [await link.call("GET", name) for name in ("b", "c")] == [b"b", b"c"]
    assert impostor.dialled == 2
    await link.aclose()


async def test_a_hook_that_fails_ends_the_connection_and_not_the_link(pose: Pose) -> None:
    impostor = await pose(lambda words: echo(words) if words[1] != b"push" else push(b"message", b"\xff", b"") + OK)

    def pushed(words: list[bytes]) -> None:
        words[1].decode()

    link = link_to(impostor.url, on_push=pushed)
    with pytest.raises(StoreUnavailable):
        await link.call("GET", "push")
    assert await link.call("GET", "a") == b"a"
    await link.aclose()


async def test_a_reply_in_a_thousand_pieces_is_the_reply(pose: Pose) -> None:
    impostor = await pose(lambda _: bulk(b"x" * 300_000))
    link = link_to(impostor.url)
    assert [len(reply) for reply in await asyncio.gather(*(link.call("GET", "a") for _ in range(50)))] == [300_000] * 50
    await link.aclose()


@pytest.mark.parametrize("last", [b"$5\r\nab", b"$100000000000\r\n", b"*3\r\n$1\r\na\r\n", b"nonsense\r\n", b""])
async def test_a_reply_that_breaks_off_fails_those_who_wait_and_the_next_call_dials(pose: Pose, last: bytes) -> None:
    impostor = await pose(echo)
    link = link_to(impostor.url)
    assert await link.call("GET", "a") == b"a"
    impostor.answer = lambda _: None
    impostor.farewell = last
    failed = await asyncio.gather(*(link.call("GET", "b") for _ in range(5)), return_exceptions=True)
    assert all(isinstance(one, StoreUnavailable) for one in failed)
    impostor.answer = echo
    assert await link.call("GET", "c") == b"c"
    await link.aclose()


async def test_whoever_gives_up_amid_a_long_write_costs_no_neighbour_anything(shared: RedisServer) -> None:
    link, rng, big = link_to(shared.url), random.Random(3), b"x" * 2_000_000
    for number in range(50):
        await link.call("SET", f"k{number}", f"v{number}")

    async def read() -> None:
        number = rng.randrange(50)
        assert await link.call("GET", f"k{number}") == f"v{number}".encode()

    for _ in range(30):
        writers = [asyncio.create_task(link.call("SET", "big", big)) for _ in range(3)]
        readers = [asyncio.create_task(read()) for _ in range(20)]
        for _ in range(rng.randrange(6)):
            await asyncio.sleep(0)
        for writer in writers:
            writer.cancel()
        readers += [asyncio.create_task(read()) for _ in range(20)]
        await asyncio.gather(*readers)
        await asyncio.gather(*writers, return_exceptions=True)
    with shared.client() as client:
        assert client.info("stats")["total_connections_received"] <= 3, "the link's, and this client's"
    await link.aclose()


async def test_a_server_that_stops_reading_is_given_up_when_too_much_waits_for_it(shared: RedisServer) -> None:
    link = link_to(shared.url)
    await link.call("PING")
    shared.freeze()
    writes = [asyncio.create_task(link.call("SET", f"big{n}", b"x" * 4_000_000)) for n in range(16)]
    done, _ = await asyncio.wait(writes, return_when=asyncio.FIRST_EXCEPTION, timeout=10)
    assert done
    shared.thaw()
    failed = await asyncio.gather(*writes, return_exceptions=True)
    assert any(isinstance(one, StoreUnavailable) for one in failed)
    assert await link.call("PING") == b"PONG"
    await link.aclose()


async def test_a_dial_that_fails_after_all_who_waited_have_left_troubles_nobody(shared: RedisServer) -> None:
    server = Server(link_to(shared.url), breaker=Breaker(0.0), clock=asyncio.get_running_loop().time)
    shared.freeze()
    for _ in range(3):
        with pytest.raises(StoreUnavailable):
            await server.ask(Budget(0.01), lambda link: link.call("PING"))
    await until(lambda: server.link._opening is None, seconds=5, what="a dial that has failed")
    shared.thaw()
    await server.ping(Budget(2))
    await server.aclose()
    with shared.client() as client:
        await until(lambda: len(client.client_list()) == 1, seconds=5, what="connections that are closed")


async def test_closing_amid_everything_leaves_nothing(shared: RedisServer) -> None:
    before = asyncio.all_tasks()
    for ticks in range(12):
        link = link_to(shared.url)
        calls = [asyncio.create_task(link.call("GET", "a")) for _ in range(20)]
        for _ in range(ticks):
            await asyncio.sleep(0)
        await link.aclose()
        ended = await asyncio.gather(*calls, return_exceptions=True)
        assert all(one is None or isinstance(one, (StoreUnavailable, asyncio.CancelledError)) for one in ended)
        with pytest.raises(StoreUnavailable):
            await link.call("GET", "a")
    assert asyncio.all_tasks() == before
    with shared.client() as client:
        await until(lambda: len(client.client_list()) == 1, seconds=5, what="connections that are closed")


async def test_replies_find_their_commands_whoever_was_cancelled_when(pose: Pose) -> None:
    link, rng = link_to((await pose(echo)).url), random.Random(11)

    async def read(name: str) -> None:
        assert await link.call("GET", name) == name.encode()

    for turn in range(40):
        reads = [asyncio.create_task(read(f"{turn}:{number}")) for number in range(50)]
        for _ in range(rng.randrange(8)):
            await asyncio.sleep(0)
        for given_up in rng.sample(reads, 20):
            given_up.cancel()
        ended = await asyncio.gather(*reads, return_exceptions=True)
        assert all(one is None or isinstance(one, asyncio.CancelledError) for one in ended)
    await link.aclose()


@pytest.mark.parametrize("left", [1, 0, -2, 999_999_999])
async def test_a_lease_that_lasts_as_no_lease_does_is_a_refusal_and_nobody_waits_for_it(pose: Pose, left: int) -> None:
    impostor = await pose(lambda _: b":%d\r\n" % left)
    leases = RedisLeases(Server(link_to(impostor.url), breaker=Breaker(0.0), clock=asyncio.get_running_loop().time))
    with pytest.raises(StoreRefused):
        await leases.acquire("key", b"owner", 2.0, Budget(5), exact=False)
    await leases._server.aclose()


async def test_members_that_are_no_names_are_a_failed_invalidation_and_no_fault_of_ours(
    shared: RedisServer, pose: Pose
) -> None:
    answers = {b"SUBSCRIBE": b"", b"XADD": bulk(b"1-0"), b"HGETALL": b"%1\r\n:1\r\n*0\r\n"}
    impostor = await pose(lambda words: answers.get(words[0], OK))
    line = Member(shared.url, impostor.url, name="line", member=False)
    with pytest.raises(InvalidationFailed):
        await line.caches.invalidate(KNOWLEDGE)
    await line.caches.aclose()
