"""The account's sockets, shared out on a real Redis: never more than there are, never less than is fair for long."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from tests.contract.conftest import connect
from tests.support.redis import RedisServer
from tests.support.time.aio import until
from warmline.pool import SocketShare
from warmline.pool.redis import RedisBudget
from warmline_cache.errors import StoreUnavailable
from warmline_cache.redis.server import Server

_accounts = itertools.count()

Make = Callable[[str], RedisBudget]


@pytest.fixture
async def server(single: RedisServer) -> AsyncIterator[Server]:
    made = connect(single.url)
    yield made
    await made.aclose()


@pytest.fixture
def worker(server: Server) -> Make:
    """Workers of one account that may have ten sockets."""
    account = f"test-{next(_accounts)}"
    return lambda name: RedisBudget(server, provider=account, worker=name, account=10, deadline=2)


async def test_a_lonely_worker_gets_what_it_wants_up_to_the_limit(worker: Make) -> None:
    one = worker("one")
    assert await one.reserve(want=3, held=0) == SocketShare(3, 10)
    assert await one.reserve(want=50, held=3) == SocketShare(10, 10)


async def test_a_newcomer_gets_only_what_is_free_and_its_fair_share_when_it_is_given_back(worker: Make) -> None:
    old, new = worker("old"), worker("new")
    await old.reserve(want=9, held=9)
    assert await new.reserve(want=5, held=0) == SocketShare(1, 5)
    assert await old.reserve(want=9, held=9) == SocketShare(5, 5)
    assert await new.reserve(want=5, held=1) == SocketShare(1, 5), "what the old one has not closed yet is not free"
    assert await old.reserve(want=9, held=5) == SocketShare(5, 5)
    assert await new.reserve(want=5, held=1) == SocketShare(5, 5)


async def test_what_others_leave_may_be_borrowed_beyond_the_fair_share(worker: Make) -> None:
    busy, quiet = worker("busy"), worker("quiet")
    await quiet.reserve(want=2, held=2)
    assert await busy.reserve(want=8, held=0) == SocketShare(8, 5)


async def test_three_workers_that_all_want_everything_settle_at_a_third_each(worker: Make) -> None:
    workers = [worker(name) for name in ("a", "b", "c")]
    shares = [SocketShare(0, 0)] * 3
    for _ in range(4):
        for number, one in enumerate(workers):
            shares[number] = await one.reserve(want=10, held=shares[number].sockets)
    assert [share.fair for share in shares] == [3, 3, 3]
    assert sum(share.sockets for share in shares) <= 10
    assert all(share.sockets >= 3 for share in shares)


async def test_the_sum_of_what_is_held_never_passes_the_limit(worker: Make) -> None:
    workers = {name: worker(name) for name in ("a", "b", "c")}
    held = dict.fromkeys(workers, 0)
    wants = itertools.cycle([10, 1, 7, 0, 4, 10, 2])
    for name in itertools.islice(itertools.cycle(workers), 60):
        share = await workers[name].reserve(want=next(wants), held=held[name])
        held[name] = share.sockets  # opened or closed at once
        await workers[name].reserve(want=held[name], held=held[name])
        assert sum(held.values()) <= 10


async def test_more_workers_than_sockets_warm_none_and_share_what_there_is(worker: Make) -> None:
    shares = [await worker(f"w{number}").reserve(want=1, held=0) for number in range(12)]
    assert [share.sockets for share in shares] == [1] * 10 + [0] * 2
    assert shares[-1].fair == 0


async def test_a_worker_that_leaves_gives_back_at_once(worker: Make) -> None:
    old, new = worker("old"), worker("new")
    await old.reserve(want=10, held=10)
    assert (await new.reserve(want=5, held=0)).sockets == 0
    await old.release()
    assert await new.reserve(want=5, held=0) == SocketShare(5, 10)


async def test_a_worker_that_died_is_forgotten_when_its_lease_ends(worker: Make) -> None:
    dead, alive = worker("dead"), worker("alive")
    await dead.reserve(want=10, held=10, seconds=0.05)
    async with asyncio.timeout(5):
        while (await alive.reserve(want=10, held=0)).sockets < 10:
            pass
    assert (await alive.reserve(want=10, held=10)).fair == 10


async def test_accounts_have_nothing_to_do_with_each_other(server: Server) -> None:
    for account in ("x", "y"):
        budget = RedisBudget(server, provider=account, worker="one", account=10, deadline=2)
        assert (await budget.reserve(want=10, held=0)).sockets == 10


async def test_nothing_is_left_in_redis_when_all_are_gone(single: RedisServer, server: Server) -> None:
    budget = RedisBudget(server, provider="gone", worker="one", account=10, deadline=2)
    await budget.reserve(want=1, held=0, seconds=0.05)

    def there() -> int:
        with single.client() as client:
            return int(client.exists("wl2:sockets:gone"))

    await until(lambda: not there(), seconds=5, what="the leases to be gone")


async def test_without_redis_it_says_so_and_leaving_is_no_error(tmp_path: Path) -> None:
    redis = RedisServer(tmp_path).start()
    made = connect(redis.url)
    budget = RedisBudget(made, provider="a", worker="one", account=10, deadline=0.5)
    await budget.reserve(want=1, held=0)
    redis.stop()
    with pytest.raises(StoreUnavailable):
        await budget.reserve(want=1, held=0)
    await budget.release()
    await made.aclose()


async def test_somebody_elses_bytes_in_the_hash_are_thrown_out(single: RedisServer, server: Server) -> None:
    with single.client() as client:
        client.hset("wl2:sockets:garbled", "somebody", "garbage")
    budget = RedisBudget(server, provider="garbled", worker="one", account=10, deadline=2)
    assert await budget.reserve(want=10, held=0) == SocketShare(10, 10)
    with single.client() as client:
        assert client.hkeys("wl2:sockets:garbled") == [b"one"]
