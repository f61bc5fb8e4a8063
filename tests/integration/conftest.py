"""A stack for each module, whose tests share servers and never texts; or one for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.processes.stack import Stack, Worker


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with Stack(tmp_path_factory.mktemp("stack")) as stack:
        yield stack


@pytest.fixture(scope="module")
def worker(stack: Stack) -> Worker:
    return stack.worker()


@pytest.fixture
def own_stack(tmp_path: Path) -> Iterator[Stack]:
    with Stack(tmp_path) as stack:
        yield stack
