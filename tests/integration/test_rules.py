"""Prometheus' own tool reads the rules, and the rules do what their tests say."""

import subprocess
from pathlib import Path

import pytest

from tests.support.processes import ROOT

RULES = ROOT / "dashboards" / "rules"


def promtool(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["promtool", *arguments], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("rules", sorted((RULES / "rendered").glob("*.yml")), ids=lambda path: path.stem)
def test_promtool_accepts_the_rules(rules: Path) -> None:
    done = promtool("check", "rules", str(rules))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("rules", sorted((RULES / "rendered").glob("*.yml")), ids=lambda path: path.stem)
def test_the_rules_do_what_their_tests_say(rules: Path) -> None:
    done = promtool("test", "rules", str(RULES / "tests" / rules.name))
    assert done.returncode == 0, done.stdout + done.stderr
