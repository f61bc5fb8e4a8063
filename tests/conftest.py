"""Tests marked `virtual_time` run on a loop on which waiting takes no time; what callers went through is shown.

Hypothesis tries the same examples everywhere, unless a search is asked for (`tests/support/examples/`).
"""

import asyncio
from collections.abc import Callable, Mapping
from importlib.util import find_spec

import pytest

from tests.support.shown import shown
from tests.support.time.virtual import VirtualTimeLoop

if find_spec("hypothesis"):  # not in the environments of boards/ and conformance/
    from tests.support import examples
    from tests.support.examples import search

    examples.register()


@pytest.hookimpl(trylast=True)  # Hypothesis hears `--hypothesis-profile` first
def pytest_configure(config: pytest.Config) -> None:
    """Have a search keep its time and say what it does."""
    if find_spec("hypothesis") and examples.searching():
        config.pluginmanager.register(search.Search(config))


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
