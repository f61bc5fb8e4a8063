"""Tests marked `virtual_time` run on a loop on which waiting takes no time; what callers went through is shown."""

import asyncio
from collections.abc import Callable, Mapping

import pytest

from tests.support.shown import shown
from tests.support.virtual_time import VirtualTimeLoop


def pytest_asyncio_loop_factories(item: pytest.Item) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """See pytest-asyncio's hook of this name."""
    if item.get_closest_marker("virtual_time"):
        return {"virtual": VirtualTimeLoop}
    return {"real": asyncio.new_event_loop}


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what callers went through: passing tests would not."""
    if shown:
        terminalreporter.section("calls under way meanwhile")
        terminalreporter.write_line("\n".join(shown))
