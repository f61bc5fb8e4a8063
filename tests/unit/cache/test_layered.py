"""What one lookup after another sees, on one worker and on two."""

import asyncio

import pytest

from tests.support.caches import KNOWLEDGE, World, key
from tests.support.caches.world import settle
from warmline.errors import AgentNotFound
from warmline_cache import Found, NotStored, Policy, Source, Stale
from warmline_cache.errors import UpstreamUnavailable

pytestmark = pytest.mark.virtual_time

FOREVER_STALE = Policy(ttl=60, negative_ttl=5, jitter=0, stale_while_revalidate=30, stale_if_error=600)
ON_ERROR = Policy(ttl=60, negative_ttl=5, jitter=0, stale_if_error=600, patience=1, retry_after=5)


async def test_the_origin_is_asked_once_then_memory_answers(world: World) -> None:
    worker = world.worker()
    assert await worker.cache.get_or_load(key(), world.load) == Found("v1", Source.ORIGIN)
    assert await worker.cache.get_or_load(key(), world.load) == Found("v1", Source.L1)
    assert world.loads == 1


async def test_another_worker_finds_it_in_the_shared_store_and_then_in_its_own_memory(world: World) -> None:
    await world.worker().cache.get_or_load(key(), world.load)
    other = world.worker()
    assert await other.cache.get_or_load(key(), world.load) == Found("v1", Source.L2)
    assert await other.cache.get_or_load(key(), world.load) == Found("v1", Source.L1)
    assert world.loads == 1


async def test_a_value_is_fresh_for_its_time_and_no_longer_in_either_layer(world: World) -> None:
    worker, other = world.worker(), world.worker()
    await worker.cache.get_or_load(key(), world.load)
    world.value = "v2"
    await asyncio.sleep(59)
    assert (await worker.cache.get_or_load(key(), world.load)).value == "v1"
    assert (await other.cache.get_or_load(key(), world.load)).value == "v1"
    await asyncio.sleep(1)
    assert await worker.cache.get_or_load(key(), world.load) == Found("v2", Source.ORIGIN)
    assert await other.cache.get_or_load(key(), world.load) == Found("v2", Source.L2)


async def test_time_spent_in_the_shared_store_counts(world: World) -> None:
    await world.worker().cache.get_or_load(key(), world.load)
    await asyncio.sleep(50)
    late = world.worker()
    await late.cache.get_or_load(key(), world.load)
    world.value = "v2"
    await asyncio.sleep(10)
    assert await late.cache.get_or_load(key(), world.load) == Found("v2", Source.ORIGIN)


async def test_jitter_ends_some_early_none_late_and_all_workers_agree(world: World) -> None:
    policy = Policy(ttl=100, negative_ttl=5, jitter=0.2)
    lives = [policy.lifetimes(bytes([n, 0, 0, 0, 0, 0, 0, 0]))[0] for n in range(256)]
    assert max(lives) == 100
    assert 80 < min(lives) < 81
    assert policy.lifetimes(b"12345678") == policy.lifetimes(b"12345678")


async def test_that_there_is_no_such_thing_is_remembered_for_a_time_of_its_own(world: World) -> None:
    world.value = None
    worker, other = world.worker(), world.worker()
    assert await worker.cache.get_or_load(key(), world.load) == Found(None, Source.ORIGIN)
    assert await worker.cache.get_or_load(key(), world.load) == Found(None, Source.L1)
    assert await other.cache.get_or_load(key(), world.load) == Found(None, Source.L2)
    world.value = "v1"
    await asyncio.sleep(5)
    assert (await other.cache.get_or_load(key(), world.load)).value == "v1"


async def test_an_error_reaches_the_caller_and_is_not_remembered(world: World) -> None:
    worker = world.worker()
    world.failing = UpstreamUnavailable("convex", "no")
    with pytest.raises(UpstreamUnavailable):
        await worker.cache.get_or_load(key(), world.load)
    world.failing = None
    assert await worker.cache.get_or_load(key(), world.load) == Found("v1", Source.ORIGIN)
    assert worker.events.loads == [True, False]


async def test_a_load_that_hangs_fails_by_its_own_timeout(world: World) -> None:
    worker = world.worker(Policy(ttl=60, negative_ttl=5, load_timeout=3))
    world.seconds = 1e6
    began = world.clock()
    with pytest.raises(UpstreamUnavailable, match="no answer within 3 s"):
        await worker.cache.get_or_load(key(), world.load)
    assert world.clock() - began == pytest.approx(3, abs=0.1)


async def test_a_loader_of_the_wrong_type_is_an_error_of_ours_that_every_caller_sees(world: World) -> None:
    worker = world.worker()

    async def wrong() -> str | None:
        return 42  # type: ignore[return-value]  # what this test is about

    for _ in range(2):
        with pytest.raises(AttributeError):
            await worker.cache.get_or_load(key(), wrong)
    assert (await worker.cache.get_or_load(key(), world.load)).source is Source.ORIGIN


async def test_what_is_too_large_is_served_counted_and_not_kept(world: World) -> None:
    worker = world.worker(Policy(ttl=60, negative_ttl=5, max_bytes=3))
    world.value = "four"
    for _ in range(2):
        assert await worker.cache.get_or_load(key(), world.load) == Found("four", Source.ORIGIN)
    assert worker.events.unstored == [NotStored.TOO_LARGE] * 2
    assert len(worker.memory) == 0


@pytest.mark.parametrize(
    "garbage", [b"", b"\x02", b"\x01" + bytes(40), b"\x02\x00" + bytes(30) + b"\xff", b"\xff" * 99]
)
async def test_bytes_that_cannot_be_read_are_a_miss_counted_and_replaced(world: World, garbage: bytes) -> None:
    worker = world.worker()
    await worker.cache.get_or_load(key("other"), world.load)
    world.store.put(key().text, garbage)
    assert await worker.cache.get_or_load(key(), world.load) == Found("v1", Source.ORIGIN)
    assert await world.worker().cache.get_or_load(key(), world.load) == Found("v1", Source.L2)
    assert "decode" in worker.events.store_failures or garbage == b"\x02\x00" + bytes(30) + b"\xff"


async def test_a_stale_value_is_served_at_once_while_one_refresh_runs_behind(world: World) -> None:
    worker = world.worker(FOREVER_STALE)
    await worker.cache.get_or_load(key(), world.load)
    world.value = "v2"
    await asyncio.sleep(61)
    began = world.clock()
    found = [await worker.cache.get_or_load(key(), world.load) for _ in range(10)]
    assert found == [Found("v1", Source.STALE)] * 10
    assert world.clock() == began
    await asyncio.sleep(1)
    assert await worker.cache.get_or_load(key(), world.load) == Found("v2", Source.L1)
    assert world.loads == 2


async def test_a_cold_worker_serves_the_shared_stores_stale_value_and_refreshes_it(world: World) -> None:
    await world.worker(FOREVER_STALE).cache.get_or_load(key(), world.load)
    world.value = "v2"
    await asyncio.sleep(61)
    cold = world.worker(FOREVER_STALE)
    assert await cold.cache.get_or_load(key(), world.load) == Found("v1", Source.STALE)
    await asyncio.sleep(1)
    assert await cold.cache.get_or_load(key(), world.load) == Found("v2", Source.L1)


async def test_past_the_window_a_caller_waits_for_the_fresh_value(world: World) -> None:
    worker = world.worker(FOREVER_STALE)
    await worker.cache.get_or_load(key(), world.load)
    world.value = "v2"
    await asyncio.sleep(91)
    assert await worker.cache.get_or_load(key(), world.load) == Found("v2", Source.ORIGIN)


async def test_while_the_origin_is_down_a_stale_value_stands_in_and_the_origin_is_left_alone(world: World) -> None:
    worker = world.worker(ON_ERROR)
    await worker.cache.get_or_load(key(), world.load)
    world.failing = UpstreamUnavailable("convex", "down")
    await asyncio.sleep(61)
    for _ in range(20):
        assert await worker.cache.get_or_load(key(), world.load) == Found("v1", Source.STALE)
    assert world.loads == 2
    await asyncio.sleep(5)
    assert await worker.cache.get_or_load(key(), world.load) == Found("v1", Source.STALE)
    assert world.loads == 3
    world.failing, world.value = None, "v2"
    await asyncio.sleep(5)
    assert await worker.cache.get_or_load(key(), world.load) == Found("v2", Source.ORIGIN)


async def test_a_cold_worker_finds_the_stand_in_in_the_shared_store(world: World) -> None:
    await world.worker(ON_ERROR).cache.get_or_load(key(), world.load)
    world.failing = UpstreamUnavailable("convex", "down")
    await asyncio.sleep(61)
    assert await world.worker(ON_ERROR).cache.get_or_load(key(), world.load) == Found("v1", Source.STALE)


async def test_a_stand_in_ends_with_its_window(world: World) -> None:
    worker = world.worker(ON_ERROR)
    await worker.cache.get_or_load(key(), world.load)
    world.failing = UpstreamUnavailable("convex", "down")
    await asyncio.sleep(660)
    with pytest.raises(UpstreamUnavailable, match="down"):
        await worker.cache.get_or_load(key(), world.load)


async def test_an_origin_that_keeps_callers_waiting_is_stood_in_for_while_its_load_goes_on(world: World) -> None:
    worker = world.worker(ON_ERROR)
    await worker.cache.get_or_load(key(), world.load)
    await asyncio.sleep(61)
    world.value, world.seconds = "v2", 4
    began = world.clock()
    assert await worker.cache.get_or_load(key(), world.load) == Found("v1", Source.STALE)
    assert world.clock() - began == pytest.approx(1, abs=0.01)
    await asyncio.sleep(4)
    assert await worker.cache.get_or_load(key(), world.load) == Found("v2", Source.L1)


async def test_an_invalidated_value_never_stands_in(world: World) -> None:
    worker, cold = world.worker(ON_ERROR), world.worker(ON_ERROR)
    await worker.cache.get_or_load(key(), world.load)
    await world.invalidate(KNOWLEDGE)
    world.failing = UpstreamUnavailable("convex", "down")
    for each in (worker, cold):
        with pytest.raises(UpstreamUnavailable):
            await each.cache.get_or_load(key(), world.load)


async def test_what_the_caller_did_wrong_is_not_stood_in_for(world: World) -> None:
    worker = world.worker(ON_ERROR)
    await worker.cache.get_or_load(key(), world.load)
    world.failing = AgentNotFound("no such agent")
    await asyncio.sleep(61)
    with pytest.raises(AgentNotFound):
        await worker.cache.get_or_load(key(), world.load)


async def test_every_lookup_that_returned_is_counted_once_by_who_answered(world: World) -> None:
    worker = world.worker(FOREVER_STALE)
    await asyncio.gather(*(worker.cache.get_or_load(key(), world.load) for _ in range(10)))
    await worker.cache.get_or_load(key(), world.load)
    await asyncio.sleep(61)
    await worker.cache.get_or_load(key(), world.load)
    await settle()
    assert worker.cache.tally.by_source() == {
        Source.L1: 1,
        Source.L2: 0,
        Source.JOINED: 9,
        Source.ORIGIN: 1,
        Source.STALE: 1,
    }


async def test_a_stale_answer_is_counted_by_why_it_was_given(world: World) -> None:
    worker = world.worker(ON_ERROR)
    await worker.cache.get_or_load(key(), world.load)
    await asyncio.sleep(61)
    world.seconds = 4
    await worker.cache.get_or_load(key(), world.load)
    await asyncio.sleep(4)
    world.failing, world.seconds = UpstreamUnavailable("convex", "down"), 0
    await asyncio.sleep(61)
    for _ in range(3):
        await worker.cache.get_or_load(key(), world.load)
    assert worker.cache.tally.stale == {Stale.REVALIDATING: 0, Stale.SLOW: 1, Stale.FAILING: 3}


async def test_what_a_refresh_runs_behind_is_counted_as_such(world: World) -> None:
    worker = world.worker(FOREVER_STALE)
    await worker.cache.get_or_load(key(), world.load)
    await asyncio.sleep(61)
    await worker.cache.get_or_load(key(), world.load)
    assert worker.cache.tally.stale == {Stale.REVALIDATING: 1, Stale.SLOW: 0, Stale.FAILING: 0}


async def test_how_long_a_lookup_took_is_counted_unless_memory_answered(world: World) -> None:
    worker = world.worker()
    world.seconds = 0.2
    for _ in range(3):
        await worker.cache.get_or_load(key(), world.load)
    took = worker.cache.tally.took[Source.ORIGIN]
    assert took.seconds == pytest.approx(0.2, abs=0.01)
    assert dict(zip(took.BOUNDS, took.counts, strict=False))[0.25] == 1
    assert sum(sum(one.counts) for one in worker.cache.tally.took.values()) == 1


async def test_organisations_never_share_an_answer(world: World) -> None:
    worker = world.worker()
    await worker.cache.get_or_load(key(), world.load)
    world.value = "theirs"
    assert await worker.cache.get_or_load(key(organisation="kaveri"), world.load) == Found("theirs", Source.ORIGIN)


@pytest.mark.parametrize("jump", [-86_400.0, 86_400.0])
async def test_a_wall_clock_that_jumps_costs_loads_and_never_serves_what_is_over(world: World, jump: float) -> None:
    worker = world.worker()
    await worker.cache.get_or_load(key(), world.load)
    world.wall_skew = jump
    assert (await worker.cache.get_or_load(key(), world.load)).source is Source.L1
    world.value = "v2"
    await asyncio.sleep(61)
    assert (await worker.cache.get_or_load(key(), world.load)).value == "v2"
    assert (await world.worker().cache.get_or_load(key(), world.load)).value == "v2"
