"""What a hit in memory costs."""

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from cachetools.keys import hashkey

from tests.measure.bench import in_memory, warm
from tests.measure.bench.measure import Burst, Spread, in_turns, quotient
from tests.measure.bench.report import Bar, Part, Table
from tests.measure.bench.servers import Servers
from warmline_cache import Cache

KEYS = 100
"""What a worker is asked for all the time. More of them, of 50 KB, would measure the processor's caches."""
BURST_SECONDS = 0.02
REFERENCE = "cachetools TTLCache, by hand"
OURS = "warmline"
SIZES = {"200 B": 200, "50 KB": 50_000}
MEMOIZED: dict[str, Callable[[in_memory.Get], in_memory.Get]] = {
    "async-lru": in_memory.async_lru,
    "theine": in_memory.theine_memoize,
    "dogpile.cache memory (synchronous)": in_memory.dogpile_memory,
    "cashews mem://": in_memory.cashews_memory,
    "aiocache memory": in_memory.aiocache_memory,
}

Measured = Mapping[str, Sequence[float]]


async def run(servers: Servers, *, rounds: int) -> Part:
    """Every library's hit, small and large."""
    measured = {}
    for label, size in SIZES.items():
        async with warm.alone(servers) as cache:
            measured[label] = await in_turns(await _bursts(cache, bytes(size)), rounds)
    return Part([_table(measured), _made_anew(measured)], _bars(measured))


async def _bursts(cache: Cache[bytes], value: bytes) -> dict[str, Burst]:
    questions = [f"what is question number {number}" for number in range(KEYS)]
    keys = [warm.key("sahyadri", question) for question in questions]
    load = warm.returning(value)

    async def memoized_load(key: str) -> bytes:
        return value

    async def by_name(question: str) -> object:
        return await cache.get_or_load(warm.key("sahyadri", question), load)

    async def by_tuple(question: str) -> object:
        return await by_hand.get_or_load(hashkey("sahyadri", question, 3), load)

    by_hand = in_memory.ByHand()
    return {
        OURS: await _two(cache.get_or_load, keys, load),
        REFERENCE: await _two(by_hand.get_or_load, [key.text for key in keys], load),
        **{name: await _one(make(memoized_load), questions) for name, make in MEMOIZED.items()},
        "a coroutine that does nothing": await _one(_nothing, questions),
        f"{OURS}, key made anew": await _one(by_name, questions),
        f"{REFERENCE}, key made anew": await _one(by_tuple, questions),
    }


async def _nothing(key: str) -> None:
    """What is left when there is no cache."""


async def _one(get: Callable[[Any], Awaitable[object]], keys: Sequence[Any]) -> Burst:
    """Nanoseconds of `await get(key)`."""

    async def burst(passes: int = 1) -> float:
        began = time.perf_counter()
        for _ in range(passes):
            for key in keys:
                await get(key)
        return (time.perf_counter() - began) / (passes * len(keys)) * 1e9

    return await _long_enough(burst)


async def _two(get: Callable[[Any, Any], Awaitable[object]], keys: Sequence[Any], load: Any) -> Burst:
    """Nanoseconds of `await get(key, load)`."""

    async def burst(passes: int = 1) -> float:
        began = time.perf_counter()
        for _ in range(passes):
            for key in keys:
                await get(key, load)
        return (time.perf_counter() - began) / (passes * len(keys)) * 1e9

    return await _long_enough(burst)


async def _long_enough(burst: Callable[[int], Awaitable[float]]) -> Burst:
    """As many passes as make a burst, counted once everything is cached."""
    await burst(1)
    nanoseconds = await burst(1)
    passes = max(1, round(BURST_SECONDS * 1e9 / (nanoseconds * KEYS)))
    return lambda: burst(passes)


def _table(measured: Mapping[str, Measured]) -> Table:
    names = [name for name in measured["200 B"] if "made anew" not in name]
    return Table(
        "l1",
        "A hit in memory through each library's public call, nanoseconds: median (min-max)",
        {**{f"{label}, ns": ",.0f" for label in SIZES}, **{f"{label}, x cachetools": ".2f" for label in SIZES}},
        {name: _row(measured, name, REFERENCE) for name in names},
        f"{KEYS} keys in turn, keys at hand. Warmline counts every hit for the worker's /metrics and checks that no"
        " invalidation can have been missed; the others count nothing.",
    )


def _made_anew(measured: Mapping[str, Measured]) -> Table:
    reference = f"{REFERENCE}, key made anew"
    return Table(
        "l1_keys",
        "The same with the key made for each lookup, nanoseconds: median (min-max)",
        {**{f"{label}, ns": ",.0f" for label in SIZES}, **{f"{label}, x cachetools": ".2f" for label in SIZES}},
        {name: _row(measured, name, reference) for name in (f"{OURS}, key made anew", reference)},
        "Warmline's key is what Redis has as well: a digest of its parts, and two groups. cachetools' is a tuple.",
    )


def _row(measured: Mapping[str, Measured], name: str, reference: str) -> list[Spread | float]:
    spreads = [Spread.of(bursts[name]) for bursts in measured.values()]
    return [*spreads, *(quotient(bursts[name], bursts[reference]) for bursts in measured.values())]


def _bars(measured: Mapping[str, Measured]) -> list[Bar]:
    bars = []
    for label, bursts in measured.items():
        ratio = quotient(bursts[OURS], bursts[REFERENCE])
        bars.append(Bar(f"L1 hit, {label}", "<= 1.00 x cachetools", f"{ratio:.2f} x", ratio <= 1.0, _WHY_SLOWER))
    growth = quotient(measured["50 KB"][OURS], measured["200 B"][OURS])
    wanted = "<= 1.10 x a hit of 200 B"
    bars.append(Bar("L1 hit, 50 KB, whatever its size", wanted, f"{growth:.2f} x", growth <= 1.1, _WHY_LARGER))
    return bars


_WHY_SLOWER = "A hit reads a clock, the slot, the fence and the tally; cachetools reads a clock and two dicts."
_WHY_LARGER = "Nothing in a hit touches the value; rounds of the two sizes are minutes apart on a shared machine."
