"""What every lease store does."""

import asyncio
import itertools

import pytest

from tests.contract.conftest import Leased
from tests.support.time.aio import until
from warmline_cache.redis.budget import Budget

_numbers = itertools.count()

ME, YOU = b"me", b"you"


def fresh() -> str:
    return f"wl2:{{sahyadri}}:rag:lease-test-{next(_numbers)}"


async def acquire(leased: Leased, key: str, owner: bytes, *, ttl: float = 30, exact: bool = False) -> float | None:
    return await leased.store.acquire(key, owner, ttl, Budget(2), exact=exact)


async def test_the_first_gets_it_and_the_next_learns_how_long_it_lasts(leased: Leased) -> None:
    key = fresh()
    assert await acquire(leased, key, ME) is None
    assert await acquire(leased, key, YOU, ttl=20) == pytest.approx(20)
    assert 29 < (await acquire(leased, key, YOU, exact=True) or 0) <= 30


async def test_anybody_may_ask_how_long_it_lasts(leased: Leased) -> None:
    key = fresh()
    assert await leased.store.left(key, Budget(2)) == 0
    await acquire(leased, key, ME)
    assert 29 < await leased.store.left(key, Budget(2)) <= 30
    await leased.store.release(key, ME, b"+", Budget(2))
    assert await leased.store.left(key, Budget(2)) == 0


async def test_leases_of_different_keys_have_nothing_to_do_with_each_other(leased: Leased) -> None:
    assert await acquire(leased, fresh(), ME) is None
    assert await acquire(leased, fresh(), YOU) is None


async def test_only_the_owner_renews_and_releases(leased: Leased) -> None:
    key = fresh()
    await acquire(leased, key, ME)
    assert not await leased.store.renew(key, YOU, 30, Budget(2))
    await leased.store.release(key, YOU, b"+", Budget(2))
    assert await leased.store.renew(key, ME, 60, Budget(2))
    assert (await acquire(leased, key, YOU, exact=True) or 0) > 55


async def test_who_waits_is_told_when_it_is_released_and_nobody_is_told_otherwise(leased: Leased) -> None:
    lonely, shared = fresh(), fresh()
    await acquire(leased, lonely, ME)
    await leased.store.release(lonely, ME, b"lonely", Budget(2))
    await acquire(leased, shared, ME)
    await acquire(leased, shared, YOU)
    await leased.store.release(shared, ME, b"shared", Budget(2))
    await until(lambda: b"shared" in leased.heard, seconds=5, what="the message")
    assert b"lonely" not in leased.heard
    assert await acquire(leased, shared, YOU) is None


async def test_a_lease_ends_by_itself_and_its_owner_cannot_renew_it_then(leased: Leased) -> None:
    key = fresh()
    await acquire(leased, key, ME, ttl=0.02)
    async with asyncio.timeout(5):
        while await acquire(leased, key, YOU) is not None:
            pass
    assert not await leased.store.renew(key, ME, 30, Budget(2))
