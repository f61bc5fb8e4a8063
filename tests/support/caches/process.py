"""A process with caches of its own, for tests that kill it: `python -m tests.support.caches.process`.

`live` reads and invalidates at random until it is ended; `cold` asks once for a key that nobody has. Every event is a
line of JSON on standard output, stamped with the machine's monotonic clock, which all processes share.
"""

import argparse
import asyncio
import os
import random
import time
from typing import Any

import msgspec

from tests.support.caches import TextCodec, key
from warmline_cache import Cache, Caches, Group, Policy, RedisLimits
from warmline_cache.errors import InvalidationFailed, StoreUnavailable
from warmline_cache.events import Uncounted
from warmline_cache.redis.dial import dialler
from warmline_cache.redis.link import Link

KEYS = ("one", "two", "three")
READERS = 4


class Read(msgspec.Struct, frozen=True, tag=True):
    """A lookup, from `began` to `ended`, answered with `version`."""

    name: str
    version: int
    began: float
    ended: float
    source: str


class Invalidated(msgspec.Struct, frozen=True, tag=True):
    """`invalidate` has returned at `ended`, after the origin had reached `version`."""

    name: str
    version: int
    ended: float
    waited_out: int


class Member:
    """One worker."""

    def __init__(self, cache_url: str, state_url: str, origin_url: str, *, name: str, limits: RedisLimits) -> None:
        self.caches = Caches(
            dialler(cache_url, password=None, timeout=1),
            dialler(state_url, password=None, timeout=1),
            name=name,
            events=Uncounted(),
            limits=limits,
        )
        policy = Policy(ttl=60, negative_ttl=5)
        self.cache: Cache[str] = self.caches.cache("rag", TextCodec(), policy, max_bytes=10**6)
        self.origin = Link(dialler(origin_url, password=None, timeout=1), dial_timeout=1)
        self.name = name

    async def read(self, name: str, load_seconds: float) -> None:
        """One lookup."""

        async def load() -> str:
            await self.origin.call("RPUSH", f"loads:{name}", str(os.getpid()))
            version = await self.origin.call("GET", f"version:{name}")
            await asyncio.sleep(load_seconds)
            return (version or b"0").decode()

        began = time.monotonic()
        found = await self.cache.get_or_load(key(name, organisation=name), load)
        tell(Read(name, int(found.value or 0), began, time.monotonic(), found.source))

    async def invalidate(self, name: str) -> None:
        """The origin changes, then the fleet is told."""
        version = int(await self.origin.call("INCR", f"version:{name}"))
        report = await self.caches.invalidate(Group(name, "knowledge"))
        tell(Invalidated(name, version, time.monotonic(), len(report.waited_out)))


def tell(event: Any) -> None:
    """One whole line, in one write."""
    os.write(1, msgspec.json.encode(event) + b"\n")


async def live(member: Member) -> None:
    """Until the process is ended."""
    member.caches.start()

    async def read_on() -> None:
        while True:
            await member.read(random.choice(KEYS), random.uniform(0, 0.004))
            await asyncio.sleep(random.uniform(0, 0.005))

    async def invalidate_on() -> None:
        while True:
            await asyncio.sleep(random.uniform(0, 0.04))
            try:
                await member.invalidate(random.choice(KEYS))
            except InvalidationFailed:
                continue  # nothing was promised

    async with asyncio.TaskGroup() as group:
        for work in [*[read_on] * READERS, invalidate_on]:
            group.create_task(work())


async def cold(member: Member, load_seconds: float) -> None:
    """One lookup, once the worker may remember."""
    member.caches.start()
    while True:
        try:
            await member.caches.ping()
            break
        except StoreUnavailable:
            await asyncio.sleep(0.01)
    await member.read("cold", load_seconds)
    await member.caches.aclose()
    await member.origin.aclose()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("mode", choices=["live", "cold"])
    parser.add_argument("urls", nargs=3)
    parser.add_argument("--name", required=True)
    parser.add_argument("--load-seconds", type=float, default=0.0)
    options = parser.parse_args()
    unhurried = RedisLimits(deadline=1.0)  # how many loads there are is not to depend on how busy the machine is
    made = Member(*options.urls, name=options.name, limits=RedisLimits() if options.mode == "live" else unhurried)
    asyncio.run(live(made) if options.mode == "live" else cold(made, options.load_seconds))
