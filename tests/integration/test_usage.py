"""Workers telling each other what was used, over a real Redis that may be away."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.support.redis import RedisServer
from warmline.accounts.accounts import Accounts
from warmline.accounts.limits import OrganisationLimit, OrganisationLimits
from warmline.accounts.prices import PRICES
from warmline.accounts.usage import Usage
from warmline_cache.redis.breaker import Breaker
from warmline_cache.redis.dial import dialler
from warmline_cache.redis.link import Link
from warmline_cache.redis.server import Server

NOON = 20_000 * 86_400 + 43_200.0
"""Of the fourth of October 2024."""


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path).start()
    yield server
    server.stop()


class Worker:
    """Accounts and what keeps them together with the others'."""

    def __init__(self, redis: RedisServer) -> None:
        clock = asyncio.get_running_loop().time
        limits = OrganisationLimits(OrganisationLimit(100, 100, None))
        self.accounts = Accounts(limits, PRICES, ["sahyadri"], clock=clock, wall=lambda: NOON)
        self.server = Server(
            Link(dialler(redis.url, password=None, timeout=1), dial_timeout=1), breaker=Breaker(0.0), clock=clock
        )
        self.usage = Usage(self.accounts, self.server)

    def pay(self, price: int) -> None:
        with self.accounts.pay("sahyadri", "tts", price):
            pass

    @property
    def spent(self) -> int:
        return self.accounts.of("sahyadri").spent_today


@pytest.fixture
async def workers(redis: RedisServer) -> AsyncIterator[tuple[Worker, Worker]]:
    made = Worker(redis), Worker(redis)
    yield made
    for worker in made:
        await worker.usage.aclose()
        await worker.server.aclose()


async def test_each_learns_what_the_others_spent(workers: tuple[Worker, Worker], redis: RedisServer) -> None:
    one, other = workers
    one.pay(700)
    other.pay(20)
    for worker in (one, other, one):
        await worker.usage.exchange()
    assert one.spent == other.spent == 720
    with redis.client() as client:
        assert client.hgetall("wl2:usage:2024-10-04") == {b"sahyadri:requests": b"0", b"sahyadri:spent": b"720"}
        assert 86_400 < client.ttl("wl2:usage:2024-10-04") <= 2 * 86_400


async def test_what_was_used_while_redis_was_away_is_told_once_it_is_back(
    workers: tuple[Worker, Worker], redis: RedisServer
) -> None:
    one, other = workers
    await one.usage.exchange()
    redis.stop()
    for price in (700, 20):
        one.pay(price)
        await one.usage.exchange()
    assert one.spent == 720
    redis.start()
    for worker in (one, other):
        await worker.usage.exchange()
    assert one.spent == other.spent == 720


async def test_a_worker_that_ends_tells_what_is_left(workers: tuple[Worker, Worker]) -> None:
    one, other = workers
    one.usage.start()
    one.pay(700)
    await one.usage.aclose()
    await other.usage.exchange()
    assert other.spent == 700


async def test_what_another_version_or_somebody_else_wrote_there_is_no_end_of_it(
    workers: tuple[Worker, Worker], redis: RedisServer
) -> None:
    one, other = workers
    with redis.client() as client:
        client.hset("wl2:usage:2024-10-04", mapping={"sahyadri:characters": 5, "sahyadri:requests": "many"})
    one.pay(700)
    await one.usage.exchange()
    with redis.client() as client:
        client.hset("wl2:usage:2024-10-04", "sahyadri:requests", 0)
    for worker in (one, other):
        await worker.usage.exchange()
    assert other.spent == 700
