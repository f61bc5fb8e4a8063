"""The last release is deployed to an empty staging, then the working tree over it, while two hundred callers call.

`make test-upgrade` takes staging down before and leaves the working tree's behind.
"""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.fleet import operations
from tests.support.fleet.rollouts import calling, nobody_moved, nobody_noticed, serving
from tests.support.processes import ROOT
from tests.support.tree import releases
from tests.support.tree.releases import CHANGELOG

pytestmark = [pytest.mark.long, pytest.mark.timeout(3600)]


def git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def former(came_from: str, tmp_path: Path) -> Iterator[Path]:
    """The tree of the version that the fleet comes from."""
    released = releases.read(CHANGELOG.read_text(encoding="utf-8"))
    if not (came_from or released):
        pytest.exit("CHANGELOG.md names no release: say make test-upgrade FROM=<commit> YES=1", returncode=3)
    version = came_from or released[0].commit
    git("worktree", "add", "--detach", str(tmp_path / "former"), version)
    try:
        yield tmp_path / "former"
    finally:
        git("worktree", "remove", "--force", str(tmp_path / "former"))


def make(tree: Path, *words: str) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    environment["ENV"] = "staging"
    done = subprocess.run(
        ["make", "--directory", str(tree), *words], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]


def test_an_upgrade_from_the_last_release_is_noticed_by_nobody(former: Path) -> None:
    make(ROOT, "fleet-down", "YES=1")
    make(former, "deploy")
    before = serving()
    with calling("upgrade") as load:
        operations.done(operations.make("deploy"))
    nobody_noticed(load.report)
    nobody_moved(load.report)
    assert [*serving()] == [*before]
