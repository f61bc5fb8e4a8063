"""Which version the fleet comes from."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--from", dest="came_from", default="", help="a tag or commit; default: the last release in CHANGELOG.md"
    )


@pytest.fixture(scope="session")
def came_from(request: pytest.FixtureRequest) -> str:
    return str(request.config.getoption("came_from"))
