"""What an operator does to the staging fleet, as `make` does it, and what Ansible says has changed."""

import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.support import fleet
from tests.support.processes import ROOT

TASK = re.compile(r"^TASK \[(.+)\] \*+$|^changed: \[(\S+)\]", re.MULTILINE)
RECAP = re.compile(r"^(\S+)\s+: ok=(\d+)\s+changed=(\d+)\s+unreachable=(\d+)\s+failed=(\d+)", re.MULTILINE)
DOORS = ROOT / "ansible"


def make(target: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """`make target`, from another folder."""
    words = [f"{name}={value}" for name, value in variables.items()]
    return _run(["make", "--directory", str(ROOT), target, *words], {})


def rollout(kind: str, *options: str, variables: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """A playbook that changes the fleet, run under its lock, with options of Ansible's own."""
    command = [str(ROOT / "ansible" / "bin" / "rollout"), "staging", str(fleet.INVENTORY), str(fleet.STATE)]
    return _run([*command, str(_file(kind)), *options], variables or {})


def playbook(kind: str, *options: str) -> subprocess.CompletedProcess[str]:
    """A playbook alone, without the lock."""
    return _run(["ansible-playbook", "--inventory", str(fleet.INVENTORY), str(_file(kind)), *options], {})


def changes(output: str) -> dict[str, int]:
    """Changes by host, over all plays."""
    found: dict[str, int] = {}
    for host, _, changed, unreachable, failed in RECAP.findall(output):
        assert (unreachable, failed) == ("0", "0"), host
        found[host] = found.get(host, 0) + int(changed)
    return found


def changed(output: str) -> list[str]:
    """What changed where, as "task: host"."""
    found, task = [], ""
    for named, host in TASK.findall(output):
        task = named or task
        found += [f"{task}: {host}"] if host else []
    assert len(found) >= sum(changes(output).values()), output[-8000:]
    return found


def done(run: subprocess.CompletedProcess[str]) -> str:
    """Its output, if it did what it should."""
    assert run.returncode == 0, run.stdout[-8000:] + run.stderr[-2000:]
    return run.stdout + run.stderr


def _file(kind: str) -> Path:
    """The playbook that `make` runs, or, where there is none of that name, the part of those that has it."""
    door = DOORS / f"{kind}.yml"
    return door if door.exists() else DOORS / "playbooks" / f"{kind}.yml"


def _run(command: list[str], variables: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    environment |= {
        "ENV": "staging",
        "ANSIBLE_CONFIG": str(ROOT / "ansible" / "ansible.cfg"),
        "ANSIBLE_NOCOLOR": "1",
        **variables,
    }
    return subprocess.run(command, cwd="/", env=environment, capture_output=True, text=True, check=False)
