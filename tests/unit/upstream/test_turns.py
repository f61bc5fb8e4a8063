"""How many calls run at a time, and what a refusal teaches."""

import asyncio
import contextlib
import itertools
import time
from collections import Counter
from collections.abc import AsyncIterator

import pytest

from warmline.upstream.turns import CallTurns

pytestmark = pytest.mark.virtual_time


class Provider:
    """Runs so many calls at a time and refuses the next; each takes a second."""

    def __init__(self, turns: CallTurns, capacity: int) -> None:
        self.turns = turns
        self.capacity = capacity
        self.running = 0
        self.most = 0
        self.refusals = 0

    async def call(self) -> None:
        async with self.turns.turn() as turn:
            turn.refused = self.running >= self.capacity
            self.refusals += turn.refused
            self.running += 1
            self.most = max(self.most, self.running)
            await asyncio.sleep(1)
            self.running -= 1

    async def calls(self, count: int) -> None:
        await asyncio.gather(*(self.call() for _ in range(count)))


@pytest.fixture
async def clock() -> AsyncIterator[asyncio.AbstractEventLoop]:
    yield asyncio.get_running_loop()
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_no_more_run_at_a_time_than_allowed_and_none_is_lost(clock: asyncio.AbstractEventLoop) -> None:
    provider = Provider(CallTurns(4), capacity=100)
    await provider.calls(40)
    assert provider.most == 4
    assert clock.time() == pytest.approx(10)


async def test_who_asked_first_is_served_first() -> None:
    turns, order = CallTurns(1), []

    async def call(number: int) -> None:
        async with turns.turn():
            order.append(number)
            await asyncio.sleep(1)

    await asyncio.gather(*(call(number) for number in range(5)))
    assert order == [0, 1, 2, 3, 4]


async def test_a_burst_of_refusals_halves_the_bound_once() -> None:
    provider = Provider(CallTurns(32), capacity=8)
    await provider.calls(32)
    assert (provider.refusals, provider.turns.limit) == (24, 16)


async def test_the_bound_settles_below_what_the_provider_takes_and_few_calls_are_refused() -> None:
    provider = Provider(CallTurns(32), capacity=8)
    await provider.calls(32)
    before = provider.refusals
    await provider.calls(1000)
    assert 4 <= provider.turns.limit <= 9
    assert provider.refusals - before < 60


async def test_the_bound_recovers_slowly_and_never_beyond_what_was_allowed() -> None:
    provider = Provider(CallTurns(8), capacity=2)
    await provider.calls(8)
    provider.capacity = 100
    assert provider.turns.limit == 4
    await provider.calls(4)
    assert provider.turns.limit == 5
    await provider.calls(100)
    assert provider.turns.limit == 8


async def test_one_call_at_a_time_is_the_least() -> None:
    provider = Provider(CallTurns(4), capacity=0)
    await provider.calls(20)
    assert provider.turns.limit == 1


async def test_a_call_that_ended_without_an_answer_teaches_nothing() -> None:
    turns = CallTurns(2)
    async with turns.turn() as turn:
        turn.refused = True
    for _ in range(100):
        with pytest.raises(OSError, match="lost"):
            async with turns.turn():
                raise OSError("lost")
    assert turns.limit == 1


async def test_a_turn_that_comes_as_its_owner_leaves_goes_to_the_next() -> None:
    turns, served = CallTurns(1), []

    async def call(name: str) -> None:
        async with turns.turn():
            served.append(name)

    async with turns.turn():
        leaving, staying = asyncio.create_task(call("leaving")), asyncio.create_task(call("staying"))
        await asyncio.sleep(0)
    leaving.cancel()
    await asyncio.wait({leaving, staying}, timeout=1)
    assert served == ["staying"]
    await asyncio.wait_for(call("later"), 1)


@pytest.mark.parametrize("leaves_at", [0.5, 1.0])
async def test_who_gives_up_waiting_takes_nobodys_turn_along(leaves_at: float) -> None:
    provider = Provider(CallTurns(1), capacity=100)
    first = asyncio.create_task(provider.call())
    await asyncio.sleep(0)
    impatient = asyncio.create_task(asyncio.wait_for(provider.call(), leaves_at))
    patient = asyncio.create_task(provider.call())
    await asyncio.gather(first, impatient, patient, return_exceptions=True)
    assert not patient.exception()
    async with asyncio.timeout(1.5):
        await provider.call()


async def test_what_one_tenant_holds_for_long_leaves_turns_for_the_others() -> None:
    turns, clock = CallTurns(32), asyncio.get_running_loop().time

    async def slow() -> None:
        async with turns.turn("slow"):
            await asyncio.sleep(3)

    async def quick() -> float:
        async with turns.turn("quick"):
            await asyncio.sleep(0.01)
        return clock()

    crowd = [asyncio.create_task(slow()) for _ in range(200)]
    for _ in range(100):
        await asyncio.sleep(0.05)
        began = clock()
        assert await quick() - began == pytest.approx(0.01)
    for one in crowd:
        one.cancel()
    await asyncio.wait(crowd)


async def test_of_those_who_wait_the_tenant_that_holds_fewest_is_next() -> None:
    turns, order = CallTurns(2), []

    async def call(tenant: str) -> None:
        async with turns.turn(tenant):
            order.append(tenant)
            await asyncio.sleep(1)

    await asyncio.gather(*(call(tenant) for tenant in "aaaaabb"))
    assert "".join(order) == "ababaaa"


@pytest.mark.parametrize("limit", [1, 2, 4, 16])
async def test_nobody_starves_however_many_others_wait_without_end(limit: int) -> None:
    turns, served = CallTurns(limit), Counter[str]()

    async def ask(tenant: str) -> None:
        while asyncio.get_running_loop().time() < 100:
            async with turns.turn(tenant):
                served[tenant] += 1
                await asyncio.sleep(0.1)

    others = [f"other {number}" for number in range(limit + 4)]
    await asyncio.gather(*(ask(tenant) for tenant in others for _ in range(8)), ask("newcomer"))
    assert served["newcomer"] > 0.25 * max(served.values())


@pytest.mark.parametrize("limit", [2, 3, 7, 8])
async def test_one_turn_at_least_is_left_however_few_there_are(limit: int) -> None:
    turns = CallTurns(limit)

    async def hang() -> None:
        async with turns.turn("slow"):
            await asyncio.sleep(60)

    crowd = [asyncio.create_task(hang()) for _ in range(20)]
    await asyncio.sleep(1)
    async with asyncio.timeout(0.1), turns.turn("quick"):
        pass
    for one in crowd:
        one.cancel()
    await asyncio.wait(crowd)


async def test_a_tenant_alone_is_served_whole_and_in_its_order() -> None:
    turns, order = CallTurns(32), []

    async def call(number: int) -> None:
        async with turns.turn("only"):
            order.append(number)
            await asyncio.sleep(1)

    began = asyncio.get_running_loop().time()
    await asyncio.gather(*(call(number) for number in range(56)))
    assert order == [*range(56)]
    assert asyncio.get_running_loop().time() - began == pytest.approx(2)  # 28 at a time


@pytest.mark.parametrize(("limit", "others"), [(1, 12), (4, 56), (16, 90)])
async def test_a_tenant_whose_callers_give_up_is_served_as_often_as_the_others(limit: int, others: int) -> None:
    """More is asked than can be answered: most who wait leave before their turn, and come again or not."""
    turns, served, clock = CallTurns(limit), Counter[str](), asyncio.get_running_loop().time

    async def ask(tenant: str) -> None:
        with contextlib.suppress(TimeoutError):
            async with turns.turn(tenant, 1.5):
                await asyncio.sleep(0.2)
            served[tenant] += 1

    async def ask_again(tenant: str) -> None:
        while clock() < 60:
            await ask(tenant)

    async def crowd(tenant: str) -> None:
        async with asyncio.TaskGroup() as tasks:
            while clock() < 60:
                tasks.create_task(ask(tenant))
                await asyncio.sleep(0.05)

    await asyncio.gather(crowd("busy"), *(ask_again(f"other {number}") for number in range(others)))
    assert min(served.values()) > 0.8 * max(served.values())
    assert len(served) == others + 1


async def test_where_more_is_asked_than_can_be_answered_all_that_can_be_is() -> None:
    turns, answered = CallTurns(4), 0

    async def call() -> None:
        nonlocal answered
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(3), turns.turn(None, 1.5):
                await asyncio.sleep(1)
            answered += 1

    async with asyncio.TaskGroup() as tasks:
        for _ in range(60 * 8):
            tasks.create_task(call())
            await asyncio.sleep(1 / 8)
    assert answered >= 0.95 * 60 * 4


async def test_however_many_tenants_wait_a_turn_costs_about_the_same() -> None:
    """All who waited were looked at for each turn: five thousand turns of a thousand tenants took five seconds, and
    stopped everybody for a quarter of a second at a time."""
    turns = CallTurns(32)
    served = Counter[str]()

    async def ask(tenant: str) -> None:
        for _ in range(3):
            async with turns.turn(tenant):
                await asyncio.sleep(0)
            served[tenant] += 1

    started = time.process_time()
    await asyncio.gather(*(ask(f"tenant-{number}") for number in range(2000)))
    assert time.process_time() - started < 4
    assert set(served.values()) == {3}


async def test_nobody_starves_while_tenants_come_that_were_not_here_for_long() -> None:
    """More tenants than are remembered: each that comes would be before all who were served at some time."""
    turns, served, numbers = CallTurns(1), asyncio.Event(), itertools.count()

    async def ask(tenant: str) -> None:
        async with turns.turn(tenant):
            await asyncio.sleep(1)

    async def ask_as_another() -> None:
        while not served.is_set():
            await ask(f"tenant-{next(numbers)}")

    async with asyncio.TaskGroup() as tasks:
        for _ in range(3):
            tasks.create_task(ask_as_another())
        await asyncio.sleep(0.5)
        await ask("regular")
        async with asyncio.timeout(6000):
            await ask("regular")
        served.set()
