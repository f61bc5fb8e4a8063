"""Releases as CHANGELOG.md names them, each with the commit it stands for: a clone may come without tags.

`python -m tests.support.tree.releases` makes one of the commit that is checked out.
"""

import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from tests.support.processes import ROOT
from warmline import __version__

CHANGELOG = ROOT / "CHANGELOG.md"

_HEADING = re.compile(r"^## (\d+\.\d+\.\d+), (\d{4}-\d\d-\d\d), commit ([0-9a-f]{40})$", re.MULTILINE)
_UNRELEASED = "## Unreleased\n"


@dataclass(frozen=True, slots=True)
class Release:
    """`version` by semver, `day` as 2026-11-30, and the whole name of the `commit`."""

    version: str
    day: str
    commit: str

    @property
    def rank(self) -> tuple[int, ...]:
        """What versions are compared by."""
        return tuple(map(int, self.version.split(".")))


def read(changelog: str) -> list[Release]:
    """The releases of a changelog, the last first."""
    return [Release(*found) for found in _HEADING.findall(changelog)]


def write(changelog: str, release: Release) -> str:
    """The changelog with all that was unreleased under a release. Raises ValueError if that makes no sense."""
    former = read(changelog)
    if former and release.rank <= former[0].rank:
        raise ValueError(f"{former[0].version} is released: give agent/warmline/__init__.py a higher number than that")
    before, found, after = changelog.partition(_UNRELEASED)
    if not found or not _HEADING.split(after)[0].strip():
        raise ValueError("CHANGELOG.md has nothing under Unreleased")
    heading = f"## {release.version}, {release.day}, commit {release.commit}\n"
    return f"{before}{_UNRELEASED}\n{heading}{after}"


def git(*arguments: str) -> str:
    """What git says. Raises CalledProcessError."""
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()


def main() -> int:
    """Write the release of HEAD; 0 if that was done, else 1."""
    problems: Sequence[str] = git("status", "--porcelain", "--untracked-files=no").splitlines()
    if problems:
        print("Commit first: a release is a commit.", file=sys.stderr)
        return 1
    release = Release(__version__, git("show", "--no-patch", "--format=%cs", "HEAD"), git("rev-parse", "HEAD"))
    try:
        text = write(CHANGELOG.read_text(encoding="utf-8"), release)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    CHANGELOG.write_text(text, encoding="utf-8")
    print(f"{release.version} is {release.commit}. Now: git commit --all, git tag v{release.version} {release.commit}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
