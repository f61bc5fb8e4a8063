"""The fleet must be up: `make test-fleet` deploys it first."""

import pytest

from tests.support.fleet import STATE, Edge


@pytest.fixture(scope="session", autouse=True)
def _deployed() -> None:
    if not (STATE / "edge_url").exists():
        pytest.exit("there is no staging fleet: run `make deploy`", returncode=3)


@pytest.fixture(scope="session")
def edge() -> Edge:
    return Edge((STATE / "edge_url").read_text(encoding="utf-8").strip())
