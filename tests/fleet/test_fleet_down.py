"""`make fleet-down` removes exactly what was made. Shown on a small environment of its own beside staging."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.support import fleet
from tests.support.processes import ROOT, free_port

pytestmark = pytest.mark.timeout(300)


def playbook(path: str, inventory: Path, state: Path) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "ANSIBLE_CONFIG": str(ROOT / "ansible" / "ansible.cfg"),
        "WARMLINE_STATE": str(state),
    }
    command = ["ansible-playbook", "--inventory", str(inventory), str(ROOT / "ansible" / path)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def docker(*arguments: str) -> set[str]:
    return set(subprocess.run(["docker", *arguments], capture_output=True, text=True, check=True).stdout.split())


def everything() -> dict[str, set[str]]:
    """All containers, networks and volumes of this machine."""
    return {kind: docker(kind, "ls", "--quiet", *(["--all"] if kind == "container" else [])) for kind in KINDS}


KINDS = ("container", "network", "volume")


@pytest.fixture
def drill(tmp_path: Path) -> Iterator[Path]:
    """The inventory of an environment with one host; taken down again whatever happens."""
    staging = yaml.safe_load((fleet.INVENTORY.parent / "group_vars" / "all.yml").read_text(encoding="utf-8"))
    staging |= {
        "fleet_environment": "drill",
        "lab_name": "drill",
        "lab_subnet": "172.30.214.0/24",
        "lab_registry_address": "172.30.214.2",
        "lab_registry_port": free_port(),
    }
    (tmp_path / "group_vars").mkdir()
    (tmp_path / "group_vars" / "all.yml").write_text(yaml.safe_dump(staging))
    inventory = tmp_path / "hosts.yml"
    inventory.write_text("all: {hosts: {drill-1: {ansible_host: 172.30.214.11}}}")
    yield inventory
    playbook("fleet_down.yml", inventory, tmp_path / "state")


def test_what_was_made_is_removed_and_nothing_else(drill: Path, tmp_path: Path) -> None:
    state = tmp_path / "state"
    before = everything()
    up = playbook("playbooks/lab.yml", drill, state)
    assert up.returncode == 0, up.stdout
    made = {kind: now - before[kind] for kind, now in everything().items()}
    assert (len(made["container"]), len(made["network"])) == (3, 1)  # its host, and both doors of its registry
    assert (state / "drill" / "ssh_key").exists()

    down = playbook("fleet_down.yml", drill, state)
    assert down.returncode == 0, down.stdout
    after = everything()
    assert all(made[kind].isdisjoint(after[kind]) and before[kind] <= after[kind] for kind in KINDS)
    assert not (state / "drill").exists()


def test_hosts_that_are_not_containers_are_not_ours_to_remove(drill: Path, tmp_path: Path) -> None:
    variables = drill.parent / "group_vars" / "all.yml"
    variables.write_text(variables.read_text().replace("lab_containers: true", "lab_containers: false"))
    refused = playbook("fleet_down.yml", drill, tmp_path / "state")
    assert refused.returncode != 0
    assert "they are not ours to remove" in refused.stdout
