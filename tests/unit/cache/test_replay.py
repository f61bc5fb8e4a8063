"""Repeating the log of invalidations on a store that keeps failing."""

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from warmline_cache.errors import StoreUnavailable
from warmline_cache.invalidation.channel import Invalidation
from warmline_cache.invalidation.replay import PIECE, Replay
from warmline_cache.redis.budget import Budget


class Log:
    """The channel's connection to a log: XRANGE, as Redis has it."""

    def __init__(self, count: int) -> None:
        self.groups = [f"g{number:06}" for number in range(count)]

    async def call(self, *command: Any) -> list[Any]:
        _, _, after, _, _, page = command
        start = 0 if after == "-" else int(after[1:].split("-")[0]) + 1
        logged = [
            Invalidation("id", "to", "", (group,), (f"key of {group}",)) for group in self.groups[start : start + page]
        ]
        return [
            [f"{start + number}-0".encode(), [b"invalidation", msgspec.msgpack.encode(one)]]
            for number, one in enumerate(logged)
        ]


class Fragile:
    """A store that does so many pieces and then fails, until it is asked again."""

    def __init__(self, pieces: int) -> None:
        self.pieces = pieces
        self.left = pieces
        self.replaced: list[str] = []
        self.identity = "server"

    async def replace(self, groups: Sequence[str], keys: Sequence[str], budget: Budget) -> None:
        if not self.left:
            self.left = self.pieces
            raise StoreUnavailable("slow")
        self.left -= 1
        self.replaced += [*groups, *keys]


def replay(store: Fragile, log: Log) -> Replay:
    return Replay(store, log, log="log", identity=lambda: store.identity, seconds=1)  # type: ignore[arg-type]  # what it asks of them


async def test_a_store_that_fails_again_and_again_is_told_of_everything_in_the_end() -> None:
    store, log = Fragile(pieces=2), Log(5 * PIECE + 1)
    made, tries = replay(store, log), 0
    while tries < 20:
        tries += 1
        try:
            await made.run()
            break
        except StoreUnavailable:
            log.groups.append(f"logged after try {tries}")
    assert set(store.replaced) == {*log.groups, *(f"key of {group}" for group in log.groups)}
    assert len(store.replaced) == len(set(store.replaced)), "nothing is told twice"


async def test_another_server_is_told_from_the_beginning() -> None:
    store, log = Fragile(pieces=2), Log(5 * PIECE)
    made = replay(store, log)
    with pytest.raises(StoreUnavailable):
        await made.run()
    store.identity, store.left, store.replaced = "another", 100, []
    await made.run()
    assert len(store.replaced) == 2 * len(log.groups)


async def test_what_is_done_is_done_again_when_it_is_in_doubt_again() -> None:
    store, log = Fragile(pieces=100), Log(10)
    made = replay(store, log)
    for _ in range(2):
        await made.run()
    assert store.replaced.count(log.groups[0]) == 2
