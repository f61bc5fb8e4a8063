"""Loads that hang, fail, wait for a turn, are overtaken or evicted, and what they cost who waits (promises 2, 4, 5)."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from structlog.testing import capture_logs

from tests.support.caches import KNOWLEDGE, Gates, Worker, World, key
from tests.support.caches.world import settle
from tests.support.time.virtual import VirtualTimeLoop
from warmline_cache import Found, Policy, Source
from warmline_cache.errors import LoadAbandoned, UpstreamUnavailable

pytestmark = pytest.mark.virtual_time

ON_ERROR = Policy(ttl=60, negative_ttl=5, jitter=0, stale_if_error=600, patience=1, retry_after=5)
REDIS = ("read", "reply", "claim", "commit", "acquire", "release", "renew", "left")


async def took(world: World, work: Awaitable[Found[str | None]]) -> tuple[Found[str | None] | BaseException, float]:
    """What came of it, and after how many seconds."""
    began = world.clock()
    (found,) = await asyncio.gather(work, return_exceptions=True)
    return found, world.clock() - began


def all_gates(world: World) -> list[Gates]:
    return [world.store.gates, world.lease_store.gates]


def deaf_to_redis(world: World) -> None:
    for gates in all_gates(world):
        gates.broken |= set(REDIS)


# -- what Redis evicts


@pytest.mark.parametrize("lost", [key().text, KNOWLEDGE.text])
async def test_what_redis_evicts_while_it_is_loaded_is_kept_in_memory_all_the_same(world: World, lost: str) -> None:
    worker = world.worker()
    for _ in range(3):
        asked = asyncio.create_task(worker.cache.get_or_load(key(), world.load))
        await asyncio.sleep(0.1)
        world.store.lose(lost)
        assert (await asked).value == "v1"
    assert world.loads == 1


async def test_what_is_evicted_and_invalidated_in_any_order_while_it_is_loaded_is_never_served_old(
    world: World,
) -> None:
    """Every step of a load, with each of both between it and the next."""
    for number in range(60):
        name, value = key(str(number)), f"new {number}"
        worker, world.value = world.worker(), "old"
        early = asyncio.create_task(worker.cache.get_or_load(name, world.load))
        for step in range(1 + number // 2):
            await asyncio.sleep(0)
            if step == number // 4:
                world.store.lose((name.text, KNOWLEDGE.text)[number % 2])
        world.value = value
        await world.invalidate(KNOWLEDGE)
        assert (await worker.cache.get_or_load(name, world.load)).value == value
        await early
        assert (await worker.cache.get_or_load(name, world.load)).value == value
        assert (await world.worker().cache.get_or_load(name, world.load)).value == value


# -- who waits for another worker


async def leader_and_waiter(world: World, seconds: float) -> tuple[Worker, asyncio.Task[Found[str | None]]]:
    """A worker whose load takes so long, and a lookup of another that waits for it."""
    leader, other = world.worker(), world.worker()
    world.seconds = seconds
    leading = asyncio.create_task(leader.cache.get_or_load(key(), world.load))
    await asyncio.sleep(0.1)
    waiting = asyncio.create_task(other.cache.get_or_load(key(), world.load))
    await asyncio.sleep(0.1)
    leading.add_done_callback(lambda done: done.exception())
    return other, waiting


async def test_who_waits_for_another_worker_loads_at_once_when_the_channel_and_the_leases_are_gone(
    world: World,
) -> None:
    other, waiting = await leader_and_waiter(world, 5)
    deaf_to_redis(world)
    world.seconds = 0.1
    other.leases.unheard()
    _, seconds = await took(world, waiting)
    assert seconds == pytest.approx(0.1, abs=0.02)
    await asyncio.sleep(7)


async def test_who_waits_for_another_worker_goes_on_waiting_if_only_the_channel_was_lost(world: World) -> None:
    other, waiting = await leader_and_waiter(world, 1)
    other.leases.unheard()
    assert (await waiting).source is Source.JOINED
    assert world.loads == 1


async def test_who_waits_for_another_worker_soon_notices_that_the_leases_are_silent(world: World) -> None:
    _, waiting = await leader_and_waiter(world, 5)
    for name in ("acquire", "left", "renew", "release"):
        world.lease_store.gates.close(name)
    world.seconds = 0.1
    _, seconds = await took(world, waiting)
    for name in ("acquire", "left", "renew", "release"):
        world.lease_store.gates.open(name)
    assert seconds <= 2 * 0.25 + 0.1 + 0.01


async def test_who_waits_for_another_worker_does_not_load_for_one_late_answer(world: World) -> None:
    _, waiting = await leader_and_waiter(world, 2)
    world.lease_store.gates.delay = 0.2
    await asyncio.sleep(1)
    world.lease_store.gates.delay = 0
    assert (await waiting).source is Source.JOINED
    assert world.loads == 1


async def test_who_waits_for_another_worker_soon_finds_what_it_stored_without_being_woken(world: World) -> None:
    _, waiting = await leader_and_waiter(world, 0.3)
    world.lease_store.hear.clear()
    world.lease_store.gates.broken.add("release")
    found, seconds = await took(world, waiting)
    assert isinstance(found, Found)
    assert (found.source, world.loads) == (Source.JOINED, 1)
    assert seconds <= 0.25 + 0.1
    await asyncio.sleep(2)


# -- what Redis costs


@pytest.mark.parametrize("seconds", [0.02, 0.03, 0.045, 0.049, 1.0])
async def test_however_slow_redis_is_a_cold_lookup_pays_for_it_once(world: World, seconds: float) -> None:
    worker = world.worker()
    for gates in all_gates(world):
        gates.delay = seconds
    _, took_seconds = await took(world, worker.cache.get_or_load(key(), world.load))
    assert took_seconds <= 0.2 + 0.05 + 0.005 + 0.001
    await asyncio.sleep(0.5)


async def test_a_stall_of_our_own_loop_while_l2_is_read_makes_nobody_load_what_another_worker_loads(
    world: World,
) -> None:
    for gates in all_gates(world):
        gates.delay = 0.012
    world.seconds = 1
    first, second = world.worker(), world.worker()
    loading = asyncio.create_task(first.cache.get_or_load(key(), world.load))
    await asyncio.sleep(0.1)
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualTimeLoop)
    loop.call_later(0.006, loop.stall, 0.2)
    assert (await second.cache.get_or_load(key(), world.load)).source is Source.JOINED
    assert (await loading).source is Source.ORIGIN
    assert world.loads == 1


async def test_a_redis_that_is_slow_and_not_too_slow_is_filled_behind_the_answer(world: World) -> None:
    worker = world.worker()
    for gates in all_gates(world):
        gates.delay = 0.02
    await worker.cache.get_or_load(key(), world.load)
    await asyncio.sleep(0.1)
    assert world.lease_store.held == 0
    assert (await world.worker().cache.get_or_load(key(), world.load)).source is Source.L2


async def test_a_lease_that_comes_after_the_lookup_gave_it_up_holds_nobody_up(world: World) -> None:
    worker, other = world.worker(), world.worker()
    world.store.gates.delay = 0.03
    world.lease_store.gates.delay = 0.03
    world.seconds = 5
    leading = asyncio.create_task(worker.cache.get_or_load(key(), world.load))
    await asyncio.sleep(0.2)
    for gates in all_gates(world):
        gates.delay = 0
    assert world.lease_store.held == 0
    world.seconds = 0.1
    _, seconds = await took(world, other.cache.get_or_load(key(), world.load))
    assert seconds == pytest.approx(0.1, abs=0.01)
    await leading


async def test_an_answer_does_not_wait_for_the_lease_to_be_given_back(world: World) -> None:
    worker = world.worker()
    world.lease_store.gates.close("release")
    _, seconds = await took(world, worker.cache.get_or_load(key(), world.load))
    assert seconds == pytest.approx(0.2, abs=0.001)
    world.lease_store.gates.open("release")


# -- a load that an invalidation overtook


async def test_who_comes_after_an_invalidation_does_not_wait_for_the_load_that_it_overtook(world: World) -> None:
    worker, other = world.worker(), world.worker()
    world.seconds = 9
    early = asyncio.create_task(worker.cache.get_or_load(key(), world.load))
    elsewhere = asyncio.create_task(other.cache.get_or_load(key(), world.load))
    await asyncio.sleep(0.1)
    world.value, world.seconds = "v2", 0
    await world.invalidate(KNOWLEDGE)
    for each in (worker, other):
        found, seconds = await took(world, each.cache.get_or_load(key(), world.load))
        assert isinstance(found, Found)
        assert found.value == "v2"
        assert seconds < 0.01
    assert (await early).value == "v1"
    assert (await elsewhere).value == "v2"
    for each in (worker, other, world.worker()):
        assert (await each.cache.get_or_load(key(), world.load)).value == "v2"
    assert world.loads == 2


async def test_an_invalidation_of_what_many_workers_wait_for_costs_two_loads_and_not_one_for_each(
    world: World,
) -> None:
    workers = [world.worker() for _ in range(6)]
    world.seconds = 1
    early = []
    for worker in workers:
        early += [asyncio.create_task(worker.cache.get_or_load(key(), world.load))]
        await asyncio.sleep(0.01)
    world.value = "v2"
    await world.invalidate(KNOWLEDGE)
    late = await asyncio.gather(*(worker.cache.get_or_load(key(), world.load) for worker in workers))
    assert [one.value for one in late] == ["v2"] * 6
    assert [(await one).value for one in early] == ["v1"] + ["v2"] * 5
    assert world.loads == 2


async def test_a_load_that_a_second_invalidation_overtakes_holds_nobody_up_either(world: World) -> None:
    leader, worker = world.worker(), world.worker()
    world.seconds = 9
    early = [asyncio.create_task(leader.cache.get_or_load(key(), world.load))]
    await asyncio.sleep(0.1)
    early += [asyncio.create_task(worker.cache.get_or_load(key(), world.load))]
    await asyncio.sleep(0.1)
    for version in ("v2", "v3"):
        world.value = version
        await world.invalidate(KNOWLEDGE)
        await asyncio.sleep(0.1)
    world.seconds = 0
    found, seconds = await took(world, leader.cache.get_or_load(key(), world.load))
    assert isinstance(found, Found)
    assert found.value == "v3"
    assert seconds < 0.01
    await asyncio.gather(*early)


async def test_a_load_that_is_overtaken_before_it_has_its_lease_holds_nobody_up_either(world: World) -> None:
    worker = world.worker()
    world.seconds = 9
    world.lease_store.gates.close("acquire")
    early = asyncio.create_task(worker.cache.get_or_load(key(), world.load))
    await world.lease_store.gates.arrived("acquire")
    await world.invalidate(KNOWLEDGE)
    world.lease_store.gates.open("acquire")
    await settle()
    world.value, world.seconds = "v2", 0
    found, seconds = await took(world, worker.cache.get_or_load(key(), world.load))
    assert isinstance(found, Found)
    assert found.value == "v2"
    assert seconds < 0.01
    await early


# -- turns


async def test_waiting_for_a_turn_counts_into_the_time_that_a_load_may_take(world: World) -> None:
    deaf_to_redis(world)
    worker = world.worker(Policy(ttl=60, negative_ttl=5, load_timeout=0.5))
    world.seconds = 60
    outcomes = await asyncio.gather(
        *(took(world, worker.cache.get_or_load(key(str(n)), world.load)) for n in range(96))
    )
    assert {type(found) for found, _ in outcomes} == {UpstreamUnavailable}
    assert world.loads == 16, "nobody is asked only to be left again"
    assert max(seconds for _, seconds in outcomes) <= 0.5 + 0.01


async def test_who_gets_a_turn_late_has_what_is_left_of_the_time(world: World) -> None:
    deaf_to_redis(world)
    worker = world.worker(Policy(ttl=60, negative_ttl=5, load_timeout=0.5))
    world.seconds = 0.3
    outcomes = await asyncio.gather(
        *(took(world, worker.cache.get_or_load(key(str(n)), world.load)) for n in range(32))
    )
    assert sum(isinstance(found, Found) for found, _ in outcomes) == 16
    assert max(seconds for _, seconds in outcomes) <= 0.5 + 0.01


@pytest.mark.parametrize("inner", [1, 32], ids=["all the same", "each another"])
@pytest.mark.parametrize("asked_before", [False, True], ids=["", "and others ask for it too"])
@pytest.mark.parametrize("deaf", [False, True], ids=["", "without the channel"])
async def test_loads_that_look_another_key_of_their_cache_up_do_not_starve_without_redis(
    world: World, inner: int, asked_before: bool, deaf: bool
) -> None:
    deaf_to_redis(world)
    worker = world.worker(Policy(ttl=60, negative_ttl=5, load_timeout=2))
    worker.fence.until = 0.0 if deaf else worker.fence.until

    def nested(number: int) -> Callable[[], Awaitable[str | None]]:
        async def load() -> str | None:
            await asyncio.sleep(0.1)
            return (await worker.cache.get_or_load(key(f"inner {number % inner}"), world.load)).value

        return load

    outer = [asyncio.create_task(worker.cache.get_or_load(key(str(n)), nested(n))) for n in range(32)]
    await settle()
    others = [worker.cache.get_or_load(key(f"inner {n}"), world.load) for n in range(inner)] if asked_before else []
    found = await asyncio.gather(*outer, *others, return_exceptions=True)
    assert [one.value if isinstance(one, Found) else one for one in found] == ["v1"] * len(found)
    assert world.clock() < 2


async def test_a_load_that_turns_wait_for_before_it_has_asked_for_one_needs_none_either(world: World) -> None:
    """It is still asking Redis for the lease, in vain."""
    world.lease_store.gates.broken.add("acquire")
    world.lease_store.gates.delay = 0.04
    worker = world.worker(Policy(ttl=60, negative_ttl=5, load_timeout=2))

    async def nested() -> str | None:
        await asyncio.sleep(0.11)
        return (await worker.cache.get_or_load(key("inner"), world.load)).value

    outer = [asyncio.create_task(worker.cache.get_or_load(key(str(n)), nested)) for n in range(16)]
    await asyncio.sleep(0.13)
    late = [worker.cache.get_or_load(key(name), load) for name, load in (("inner", world.load), ("another", nested))]
    found = await asyncio.gather(*outer, *late, return_exceptions=True)
    assert [one.value if isinstance(one, Found) else one for one in found] == ["v1"] * len(found)
    assert world.clock() < 2


async def test_a_caller_who_leaves_the_queue_of_turns_takes_no_turn_with_him(world: World) -> None:
    deaf_to_redis(world)
    worker = world.worker(Policy(ttl=60, negative_ttl=5, load_timeout=0.5))
    world.seconds = 60
    await asyncio.gather(
        *(worker.cache.get_or_load(key(str(n)), world.load) for n in range(96)), return_exceptions=True
    )
    world.seconds = 0.1
    began = world.clock()
    await asyncio.gather(*(worker.cache.get_or_load(key(f"after {n}"), world.load) for n in range(32)))
    assert world.clock() - began == pytest.approx(0.2, abs=0.01)


async def test_an_organisation_whose_loads_hang_leaves_turns_for_the_others(world: World) -> None:
    deaf_to_redis(world)
    worker = world.worker(Policy(ttl=60, negative_ttl=5, load_timeout=0.5))
    world.seconds = 60
    hanging = [asyncio.create_task(worker.cache.get_or_load(key(str(n)), world.load)) for n in range(96)]
    await asyncio.sleep(0.1)
    world.seconds = 0
    found, seconds = await took(world, worker.cache.get_or_load(key(organisation="kaveri"), world.load))
    assert isinstance(found, Found)
    assert seconds < 0.2
    await asyncio.gather(*hanging, return_exceptions=True)


# -- loaders that do as they like


class Stubborn:
    """A loader that swallows so many cancellations, then ends with `outcome`."""

    def __init__(self, swallows: int, outcome: str | Exception = "late") -> None:
        self.cancelled = 0
        self._swallows = swallows
        self._outcome = outcome

    async def __call__(self) -> str | None:
        while self.cancelled < self._swallows:
            try:
                await asyncio.sleep(4)
                break
            except asyncio.CancelledError:
                self.cancelled += 1
        await asyncio.sleep(4)
        if isinstance(self._outcome, Exception):
            raise self._outcome
        return self._outcome


async def test_a_loader_that_swallows_its_cancellation_holds_neither_its_callers_nor_its_key(world: World) -> None:
    policy = Policy(ttl=60, negative_ttl=5, load_timeout=0.5)
    worker, other, loader = world.worker(policy), world.worker(policy), Stubborn(1)
    asked = took(world, worker.cache.get_or_load(key(), loader))
    found, seconds = await asked
    assert isinstance(found, UpstreamUnavailable)
    assert seconds <= 0.5 + 0.1 + 0.01
    assert loader.cancelled == 1
    for each in (worker, other):
        assert (await took(world, each.cache.get_or_load(key(), world.load)))[1] <= 0.2 + 0.01
    await asyncio.sleep(10)
    assert await worker.cache.get_or_load(key(), world.load) == Found("v1", Source.L1)


async def test_closing_waits_for_such_a_loader_no_longer_than_it_says(world: World) -> None:
    worker, loader = world.worker(), Stubborn(2)
    asked = asyncio.create_task(worker.cache.get_or_load(key(), loader))
    await asyncio.sleep(0.1)
    began = world.clock()
    with capture_logs() as logs:
        await worker.cache.aclose()
    assert world.clock() - began <= 0.1 + 1 + 0.01
    assert [entry["event"] for entry in logs] == ["loads_do_not_end"]
    with pytest.raises(LoadAbandoned):
        await asked
    await asyncio.sleep(10)


async def test_what_such_a_loader_raises_when_nobody_waits_any_more_is_logged_with_its_trace(world: World) -> None:
    worker = world.worker(Policy(ttl=60, negative_ttl=5, load_timeout=0.5))
    with capture_logs() as logs:
        await took(world, worker.cache.get_or_load(key(), Stubborn(1, ValueError("too late"))))
        await asyncio.sleep(10)
    assert [(entry["event"], str(entry["exc_info"])) for entry in logs] == [("load_failed_after_its_end", "too late")]


@pytest.mark.parametrize("error", [TimeoutError("of its own"), ConnectionRefusedError("refused"), OSError("no route")])
async def test_an_error_of_the_network_that_a_loader_lets_through_is_the_upstreams_and_said_as_it_is(
    world: World, error: OSError
) -> None:
    worker = world.worker()
    world.failing = error
    with capture_logs() as logs, pytest.raises(UpstreamUnavailable, match=f"{type(error).__name__}: {error}") as raised:
        await worker.cache.get_or_load(key(), world.load)
    assert raised.value.__cause__ is error
    assert "no answer within" not in str(raised.value)
    assert [entry["exc_info"] for entry in logs] == [error]
    assert worker.events.loads == [True]


async def gives_itself_up() -> str | None:
    raise asyncio.CancelledError


async def is_refused() -> str | None:
    raise ConnectionResetError("by peer")


@pytest.mark.parametrize("load", [gives_itself_up, is_refused])
async def test_a_stale_value_stands_in_for_a_load_that_gave_itself_up_or_was_cut_off(
    world: World, load: Callable[[], Awaitable[str | None]]
) -> None:
    worker = world.worker(ON_ERROR)
    await worker.cache.get_or_load(key(), world.load)
    await asyncio.sleep(61)
    assert await worker.cache.get_or_load(key(), load) == Found("v1", Source.STALE)


async def test_nothing_stands_in_for_a_fault_of_ours_and_it_is_logged_with_its_trace(world: World) -> None:
    worker = world.worker(ON_ERROR)
    await worker.cache.get_or_load(key(), world.load)
    await asyncio.sleep(61)
    world.failing = TypeError("ours")
    with capture_logs() as logs, pytest.raises(TypeError, match="ours"):
        await worker.cache.get_or_load(key(), world.load)
    assert [(entry["event"], entry["exc_info"]) for entry in logs] == [("load_failed", world.failing)]


async def test_a_fault_of_ours_in_a_refresh_that_nobody_waits_for_is_logged_too(world: World) -> None:
    worker = world.worker(Policy(ttl=60, negative_ttl=5, jitter=0, stale_while_revalidate=60))
    await worker.cache.get_or_load(key(), world.load)
    await asyncio.sleep(61)
    world.failing = TypeError("ours")
    with capture_logs() as logs:
        assert await worker.cache.get_or_load(key(), world.load) == Found("v1", Source.STALE)
        await asyncio.sleep(1)
    assert [(entry["event"], entry["exc_info"]) for entry in logs] == [("load_failed", world.failing)]
