"""Simulators as processes, one of each for all modules: what the providers' own clients see is what they are.

These tests run in an environment of their own (`make test-conformance`), where the official clients are installed.
"""

from collections.abc import Iterator

import pytest

from tests.support.processes.stack import Simulator

# Warnings are errors here as elsewhere, save these: Sarvam's client still uses the old client of `websockets`.
THEIRS = ("ignore::DeprecationWarning:websockets", "ignore::DeprecationWarning:sarvamai")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for filter_ in THEIRS:
            item.add_marker(pytest.mark.filterwarnings(filter_))


@pytest.fixture(scope="session")
def sarvam(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    simulator = Simulator("sarvam", tmp_path_factory.mktemp("sarvam"), speed=100)
    yield simulator
    simulator.stop()


@pytest.fixture(scope="session")
def convex(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    simulator = Simulator("convex", tmp_path_factory.mktemp("convex"))
    yield simulator
    simulator.stop()
