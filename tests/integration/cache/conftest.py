"""Two real Redis servers, workers on them, and nothing left behind."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from tests.support.caches.members import Member
from tests.support.redis import RedisServer, as_worker

Join = Callable[..., Awaitable[Member]]


@pytest.fixture
def shared(tmp_path: Path) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path, name="shared").start()
    yield server
    server.stop()


@pytest.fixture
def state(tmp_path: Path) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path, name="state").start()
    yield server
    server.stop()


@pytest.fixture
async def join(shared: RedisServer, state: RedisServer) -> AsyncIterator[Join]:
    """Makes workers that have joined; at the end no task and no connection of theirs is left."""
    members: list[Member] = []

    async def make(**options: object) -> Member:
        given: dict[str, object] = {
            "shared": as_worker(shared.url),
            "state": as_worker(state.url),
            "name": f"w{len(members)}",
            **options,
        }
        member = Member(**given)  # type: ignore[arg-type]  # handed through
        members.append(member)
        return await member.joined() if given.get("member", True) else member

    yield make
    for member in members:
        await member.caches.aclose()
    await asyncio.sleep(0)
    left = {task for task in asyncio.all_tasks() if "redis" in task.get_name() or "lease" in task.get_name()}
    assert not left, f"tasks were left behind: {left}"
