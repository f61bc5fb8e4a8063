"""What a hit in Redis costs, alone and among a hundred tasks."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis

from tests.measure.bench import on_redis, warm
from tests.measure.bench.measure import Burst, Spread, Stopwatch, in_turns, quotient
from tests.measure.bench.on_redis import Ports
from tests.measure.bench.report import Bar, Cell, Part, Table
from tests.measure.bench.servers import Counter, Servers

TASKS = 100
KEYS = 500
ALONE_KEYS = 100
ORGANISATIONS = 10
REFERENCE = "redis.asyncio GET"
OURS = "warmline"
CEILING = "redis.asyncio MGET, 100 keys each"
SIZES = {"200 B": 200, "50 KB": 50_000}

Get = Callable[[Any], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Contender:
    """`cool` forgets what memory has learnt; `by_many` are keys at a time, if it is asked for many."""

    get: Get
    keys: Sequence[Any]
    cool: Callable[[], None] = lambda: None
    tasks: int = TASKS


Measured = Mapping[str, Sequence[float]]


async def run(servers: Servers, counter: Counter, *, rounds: int) -> Part:
    """Both sizes."""
    part = Part()
    for label, size in SIZES.items():
        async with _contenders(servers, bytes(size)) as contenders:
            alone = await in_turns({name: _alone(made) for name, made in contenders.items()}, rounds)
            among = await in_turns({name: _among(made) for name, made in contenders.items()}, rounds)
            commands = {name: await _commands(made, counter) for name, made in contenders.items()}
        part.tables.append(_table(label, alone, among, commands))
        part.bars += _bars(label, alone, among)
    return part


@contextlib.asynccontextmanager
async def _contenders(servers: Servers, value: bytes) -> AsyncIterator[dict[str, Contender]]:
    """Everything in Redis under each library's own keys."""
    ports = Ports(servers.cache.port, servers.state.port, servers.origin.port)
    names = [f"{len(value)}/question number {number}" for number in range(KEYS)]

    async def load(key: str) -> bytes:
        return value

    async with contextlib.AsyncExitStack() as stack:
        made = {OURS: await _warmline(stack, servers, value, organisations=1)}
        made[f"{OURS}, {ORGANISATIONS} organisations"] = await _warmline(stack, servers, value, ORGANISATIONS)
        made |= await _raw(stack, servers, names, value)
        for library in ("cashews", "aiocache", "dogpile.cache"):
            opened = await stack.enter_async_context(_PEERS[library](load, ports))
            made[f"{library}, in threads" if library == "dogpile.cache" else library] = Contender(opened.get, names)
        for contender in made.values():
            await _one_after_the_other(contender.get, contender.keys)
        yield made


_PEERS = {
    "cashews": on_redis.cashews_redis,
    "aiocache": on_redis.aiocache_redis,
    "dogpile.cache": on_redis.dogpile_redis,
}


async def _warmline(stack: contextlib.AsyncExitStack, servers: Servers, value: bytes, organisations: int) -> Contender:
    cache = await stack.enter_async_context(warm.alone(servers))
    load = warm.returning(value)
    keys = [
        warm.key(f"{len(value)}-{organisations}-{number % organisations}", f"question number {number}")
        for number in range(KEYS)
    ]
    return Contender(lambda key: cache.get_or_load(key, load), keys, cool=cache.forget_all)


async def _raw(
    stack: contextlib.AsyncExitStack, servers: Servers, names: Sequence[str], value: bytes
) -> dict[str, Contender]:
    """redis.asyncio as it is: with its pool, with one connection, and asked for many keys at once."""
    pooled, single = Redis(port=servers.cache.port), Redis(port=servers.cache.port, single_connection_client=True)
    for client in (pooled, single):
        stack.push_async_callback(client.aclose)
    texts = [f"raw:{name}" for name in names]
    for text in texts:
        await pooled.set(text, value)
    hundreds = [texts[start : start + TASKS] for start in range(0, len(texts), TASKS)]
    return {
        REFERENCE: Contender(pooled.get, texts),
        "redis.asyncio GET, one connection": Contender(single.get, texts),
        CEILING: Contender(pooled.mget, hundreds, tasks=1),
    }


# -- bursts: microseconds for a key


def _alone(contender: Contender) -> Burst:
    """One caller."""

    async def burst() -> float:
        keys = contender.keys[:ALONE_KEYS]
        return await _timed(contender, _one_after_the_other(contender.get, keys), keys)

    return burst


def _among(contender: Contender) -> Burst:
    """A hundred callers at a time, each of keys of its own."""

    async def burst() -> float:
        return await _timed(contender, _side_by_side(contender), contender.keys)

    return burst


async def _timed(contender: Contender, work: Awaitable[None], keys: Sequence[Any]) -> float:
    contender.cool()
    watch = Stopwatch()
    watch.start()
    await work
    watch.stop()
    return watch.seconds / _count(keys) * 1e6


async def _one_after_the_other(get: Get, keys: Sequence[Any]) -> None:
    for key in keys:
        await get(key)


async def _side_by_side(contender: Contender) -> None:
    shares = [contender.keys[first :: contender.tasks] for first in range(contender.tasks)]
    await asyncio.gather(*(_one_after_the_other(contender.get, share) for share in shares))


def _count(keys: Sequence[Any]) -> int:
    return sum(len(key) if isinstance(key, list) else 1 for key in keys)


async def _commands(contender: Contender, counter: Counter) -> float:
    """Redis commands for each key, a hundred tasks asking."""
    contender.cool()
    before = await counter.count()
    await _side_by_side(contender)
    return (await counter.count() - before).commands / _count(contender.keys)


# -- what it says


def _table(label: str, alone: Measured, among: Measured, commands: Mapping[str, float]) -> Table:
    return Table(
        f"l2_{label.replace(' ', '').lower()}",
        f"A hit in Redis, {label}, median (min-max): one caller, and {TASKS} tasks",
        {
            "alone, us": ",.0f",
            "x raw": ".2f",
            f"{TASKS} tasks, hits/s": ",.0f",
            "x raw rate": ".2f",
            "commands/hit": ".3f",
        },
        {name: _row(name, alone, among, commands[name]) for name in alone},
        "Warmline checks the generations of the key's two groups in the same command, fills L1, and bounds the time"
        " that Redis may take; L1 is emptied before each round. No library's values are encoded by us; cashews and"
        " dogpile.cache pickle.",
    )


def _row(name: str, alone: Measured, among: Measured, commands: float) -> list[Cell]:
    rate = Spread.of([1e6 / microseconds for microseconds in among[name]])
    lonely: list[Cell] = [Spread.of(alone[name]), quotient(alone[name], alone[REFERENCE])]
    return [*([None, None] if name == CEILING else lonely), rate, quotient(among[REFERENCE], among[name]), commands]


def _bars(label: str, alone: Measured, among: Measured) -> list[Bar]:
    lonely = quotient(alone[OURS], alone[REFERENCE])
    faster, ceiling = quotient(among[REFERENCE], among[OURS]), quotient(among[REFERENCE], among[CEILING])
    per_hit, bare = Spread.of(among[OURS]).median, Spread.of(among[CEILING]).median
    why = (
        f"One MGET for {TASKS} keys, with no cache around it, brings {ceiling:.1f} x, at {bare:.0f} us for a key;"
        f" Warmline takes {per_hit:.0f} us."
    )
    return [
        Bar(f"L2 hit, {label}, alone", "<= 1.25 x raw GET", f"{lonely:.2f} x", lonely <= 1.25, _WHY_ALONE),
        Bar(f"L2 hit, {label}, {TASKS} tasks", ">= 4.00 x raw GETs/s", f"{faster:.2f} x", faster >= 4.0, why),
    ]


_WHY_ALONE = "Beside the round trip: a loop tick to gather reads, the deadline's timer, generations, and filling L1."
