"""What CHANGELOG.md says of releases holds, and one place says Warmline's number."""

import re
import subprocess

import pytest

from tests.support.processes import ROOT
from tests.support.tree import releases
from tests.support.tree.releases import CHANGELOG, Release
from tests.support.tree.repository import tracked
from warmline import __version__

FIRST = Release("0.2.0", "2026-11-30", "a" * 40)
LOG = "# Changelog\n\n## Unreleased\n\n- Operators: one.\n"


def test_a_release_takes_all_that_was_unreleased_and_leaves_room_for_what_follows() -> None:
    once = releases.write(LOG, FIRST)
    assert once == LOG.replace("\n- Op", f"\n## 0.2.0, 2026-11-30, commit {'a' * 40}\n\n- Op")
    second = Release("0.10.0", "2026-12-24", "b" * 40)
    again = releases.write(once.replace("## Unreleased\n", "## Unreleased\n\n- Operators: two.\n"), second)
    assert releases.read(again) == [second, FIRST]


@pytest.mark.parametrize("version", ["0.2.0", "0.1.9"])
def test_a_release_that_is_no_later_than_the_last_is_refused(version: str) -> None:
    log = releases.write(LOG, FIRST).replace("## Unreleased\n", "## Unreleased\n\n- Operators: two.\n")
    with pytest.raises(ValueError, match="higher number"):
        releases.write(log, Release(version, "2026-12-24", "b" * 40))


def test_a_release_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing under Unreleased"):
        releases.write(releases.write(LOG, FIRST), Release("0.3.0", "2026-12-24", "b" * 40))


def test_every_second_heading_of_the_changelog_is_a_release_and_they_descend() -> None:
    text = CHANGELOG.read_text(encoding="utf-8")
    found = releases.read(text)
    assert len(re.findall("^## ", text, re.MULTILINE)) == len(found) + 1
    assert [one.rank for one in found] == sorted({one.rank for one in found}, reverse=True)
    assert not found or Release(__version__, "", "").rank >= found[0].rank


def test_every_release_is_a_commit_before_this_one_that_has_its_number() -> None:
    found = releases.read(CHANGELOG.read_text(encoding="utf-8"))
    if releases.git("rev-parse", "--is-shallow-repository") == "true":
        pytest.skip("this clone is shallow: it has no history to look at")
    for one in found:
        releases.git("merge-base", "--is-ancestor", one.commit, "HEAD")
        text = releases.git("show", f"{one.commit}:agent/warmline/__init__.py")
        assert f'__version__ = "{one.version}"' in text


def test_warmlines_number_is_written_in_one_place() -> None:
    names = [
        "agent/pyproject.toml",
        "pyproject.toml",
        "docker/images.yml",
        *map(str, tracked("agent/*.py", "docker/*.py")),
    ]
    texts = {name: (ROOT / name).read_text(encoding="utf-8") for name in names}
    assert [name for name, text in texts.items() if f'"{__version__}"' in text] == [
        str(ROOT / "agent" / "warmline" / "__init__.py")
    ]


def test_a_clone_says_its_number() -> None:
    done = subprocess.run([ROOT / "agent/bin/warmline", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"warmline {__version__}\n"
