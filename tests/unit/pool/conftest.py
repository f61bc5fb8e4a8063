"""A pool whose provider is scripted, and nothing left behind."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.support.worker.sockets import PoolWorld


@pytest.fixture
async def world() -> AsyncIterator[PoolWorld]:
    made = PoolWorld()
    yield made
    await made.pool.aclose()
    assert made.states() == {}
    assert all(wire.closed for wire in made.provider.wires), "a socket was left open"
    await asyncio.sleep(0)
    left = asyncio.all_tasks() - {asyncio.current_task()}
    assert not left, f"tasks were left behind: {left}"
