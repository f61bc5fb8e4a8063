"""The fixture `world`: several workers in one process and in virtual time, and nothing left behind after each test."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.support.caches import World


async def settle() -> None:
    """Let every task go on until none can without something happening."""
    for _ in range(50):
        await asyncio.sleep(0)


@pytest.fixture
async def world() -> AsyncIterator[World]:
    made = World()
    yield made
    await settle()
    for worker in made.workers:
        await worker.cache.aclose()
        await settle()
        worker.check()
    assert made.lease_store.held == 0, "a lease was left behind"
    left = asyncio.all_tasks() - {asyncio.current_task()}
    assert not left, f"tasks were left behind: {left}"
