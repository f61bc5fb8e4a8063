"""`make where`, where no edge can be reached: from an inventory alone."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.processes import ROOT

INVENTORY = ROOT / "ansible" / "inventories" / "staging"


def asked(state: Path, *words: str, inventory: Path = INVENTORY) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "WARMLINE_STATE": str(state), "ANSIBLE_SSH_ARGS": "-o ConnectTimeout=1"}
    environment = {name: value for name, value in environment.items() if not name.startswith(("MAKE", "MFLAGS"))}
    command = ["make", "--silent", "where", f"INVENTORY={inventory}", *words]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def by_session(tmp_path: Path) -> Path:
    """Staging, but by session, and outside the clone."""
    shutil.copytree(INVENTORY, tmp_path / "staging")
    with (tmp_path / "staging" / "group_vars" / "all.yml").open("a", encoding="utf-8") as variables:
        variables.write("nginx_affinity: session\n")
    return tmp_path / "staging"


def test_a_clients_slot_is_named_with_its_host_and_port(tmp_path: Path) -> None:
    done = asked(tmp_path, "CLIENT=203.0.113.7")
    assert done.stdout == (
        "affinity:  ip_hash\n"
        "by:        the inventory, as no edge was reached\n"
        "slot:      agent-1/1\n"
        "host:      agent-1\n"
        "port:      8101\n"
    )
    assert done.stderr.startswith("staging: 6 hosts (")


def test_a_clients_slot_is_json_if_asked(tmp_path: Path) -> None:
    found = json.loads(asked(tmp_path, "CLIENT=203.0.113.7", "JSON=1").stdout)
    assert (found["slot"], found["host"], found["port"]) == ("agent-1/1", "agent-1", 8101)


def test_the_same_holds_for_a_session(by_session: Path, tmp_path: Path) -> None:
    said = asked(tmp_path, "SESSION=ward-7", inventory=by_session).stdout
    assert "affinity:  session" in said
    assert "slot:      agent-" in said


def test_who_names_nobody_is_told_whom_to_name(by_session: Path, tmp_path: Path) -> None:
    for inventory, name in ((INVENTORY, "CLIENT="), (by_session, "SESSION=")):
        done = asked(tmp_path, inventory=inventory)
        assert done.returncode != 0
        assert f"name the client with {name}" in done.stderr
        assert done.stdout == ""
