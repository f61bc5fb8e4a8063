"""Every linter is silent. Each is a test of its own, so that one failure hides no other."""

import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.support.processes import ROOT
from tests.support.tree.repository import tracked

PACKAGES = sorted(f"agent/{path.name}" for path in (ROOT / "agent").glob("warmline*"))
LINTERS = {  # the slowest first: while it runs, another process takes those that follow
    "ansible-lint": ["ansible-lint"],
    "mypy": ["mypy", *PACKAGES, "dashboards", "docker", "tests"],
    "ruff check": ["ruff", "check", "."],
    "ruff format": ["ruff", "format", "--check", "."],
    "yamllint": ["yamllint", "--strict", "."],
    "codespell": ["codespell", *map(str, tracked())],
    "hadolint": ["hadolint", "--config", "docker/hadolint.yaml", *map(str, tracked("docker/*/Dockerfile"))],
}


def silent(command: list[str], folder: Path = ROOT) -> None:
    """Run a linter; its output is the failure's message."""
    environment = {**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible" / "ansible.cfg"), "NO_COLOR": "1"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.timeout(400)
@pytest.mark.parametrize("name", LINTERS)
def test_the_linter_is_silent(name: str) -> None:
    silent(LINTERS[name])


def test_a_commit_hook_runs_what_the_linters_tests_run() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"][0]["hooks"]
    entries = {hook["id"]: hook["entry"].split() for hook in hooks}
    assert entries["mypy"] == LINTERS["mypy"]
    for name in ("ruff check", "ruff format", "yamllint"):
        whole = [word for word in LINTERS[name] if word != "."]  # a hook is given the files that are committed
        assert entries[name.replace(" ", "-")] == whole


def test_ansible_plugins_are_typed() -> None:
    """On their own: the folder's name would hide Ansible's package."""
    silent(["mypy", "--config-file", "../../pyproject.toml", "filter", "lookup"], ROOT / "ansible" / "plugins")


def test_shell_scripts_parse() -> None:
    scripts = [path for path in tracked() if re.match(rb"#!.*\b(ba)?sh\b", path.read_bytes())]
    assert scripts
    for script in scripts:
        silent(["bash", "-n", str(script)])
