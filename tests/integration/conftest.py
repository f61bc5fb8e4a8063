"""A stack for each module: its tests share servers, never texts."""

from collections.abc import Iterator

import pytest

from tests.support.stack import Stack, Worker


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    stack = Stack(tmp_path_factory.mktemp("stack"))
    stack.redis.start()
    try:
        yield stack
    finally:
        stack.stop()


@pytest.fixture(scope="module")
def worker(stack: Stack) -> Worker:
    return stack.worker()
