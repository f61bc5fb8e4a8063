"""`make where`, where no edge can be reached: from an inventory alone."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.processes import ROOT

INVENTORY = ROOT / "ansible" / "inventories" / "staging"


def asked(inventory: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    nowhere = {"WARMLINE_STATE": "/nowhere", "ANSIBLE_SSH_ARGS": "-o ConnectTimeout=1", "ANSIBLE_NOCOLOR": "1"}
    environment = {**os.environ, **nowhere, "ANSIBLE_CONFIG": str(ROOT / "ansible" / "ansible.cfg"), **variables}
    command = ["ansible-playbook", "--inventory", str(inventory / "hosts.yml"), "ansible/where.yml"]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def by_session(tmp_path: Path) -> Path:
    """Staging, but by session."""
    shutil.copytree(INVENTORY, tmp_path / "staging")
    with (tmp_path / "staging" / "group_vars" / "all.yml").open("a", encoding="utf-8") as variables:
        variables.write("nginx_affinity: session\n")
    return tmp_path / "staging"


def test_a_clients_slot_is_named_with_its_host_and_port() -> None:
    said = asked(INVENTORY, CLIENT="203.0.113.7").stdout.split()
    assert [said[said.index(key) + 1] for key in ("slot:", "host:", "port:")] == ["agent-1/1", "agent-1", "8101"]


def test_the_same_holds_for_a_session(by_session: Path) -> None:
    said = asked(by_session, SESSION="ward-7").stdout
    assert "affinity: session" in said
    assert "slot: agent-" in said


def test_who_names_nobody_is_told_whom_to_name(by_session: Path) -> None:
    for inventory, name in ((INVENTORY, "CLIENT="), (by_session, "SESSION=")):
        done = asked(inventory)
        assert done.returncode != 0
        assert f"name the client with {name}" in done.stdout + done.stderr
