"""The line that says on which fleet a command acts, before it does; and which fleet a command means."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.processes import ROOT

INVENTORIES = ROOT / "ansible" / "inventories"
FLEET = ROOT / "ansible" / "bin" / "fleet"


def said(environment: str, inventory: Path, state: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [str(FLEET), environment, str(inventory / "hosts.yml"), str(state), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "SUDO_USER": "asha"})


def test_the_line_names_the_fleet_its_hosts_who_acts_and_when_it_last_changed(tmp_path: Path) -> None:
    hosts = "staging: 6 hosts (edge-1, edge-2, agent-1, agent-2, redis-1, monitor-1); you are asha@"
    done = said("staging", INVENTORIES / "staging", tmp_path)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.startswith(hosts)
    assert done.stderr.endswith("; never changed from here\n")
    (tmp_path / "changed").write_text("2026-11-30 14:02 UTC by deploy\n")
    assert (
        "last changed from here: 2026-11-30 14:02 UTC by deploy\n"
        in said("staging", INVENTORIES / "staging", tmp_path).stderr
    )


@pytest.mark.parametrize(("code", "noted"), [(0, True), (1, False)])
def test_only_a_rollout_that_succeeded_is_noted_as_the_last_change(code: int, noted: bool, tmp_path: Path) -> None:
    (tmp_path / "ansible-playbook").write_text(f"#!/bin/sh\nexit {code}\n")
    (tmp_path / "ansible-playbook").chmod(0o755)
    done = subprocess.run(
        [ROOT / "ansible" / "bin" / "rollout", "staging", "hosts.yml", tmp_path / "state", "ansible/scale.yml"],
        env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"},
        check=False,
    )
    assert done.returncode == code
    assert (tmp_path / "state" / "changed").exists() == noted
    if noted:
        assert (tmp_path / "state" / "changed").read_text().endswith(" UTC by scale\n")


def test_an_inventory_of_another_environment_is_refused(tmp_path: Path) -> None:
    done = said("staging", INVENTORIES / "production.example", tmp_path)
    assert done.returncode == 2
    assert "say ENV=production" in done.stderr


@pytest.mark.parametrize("text", ["all: [", "- a", "", "all: {children: [1]}", "all: 5", "\x00"])
def test_an_inventory_that_cannot_be_read_ends_without_a_traceback(text: str, tmp_path: Path) -> None:
    (tmp_path / "hosts.yml").write_text(text)
    assert "Traceback" not in said("staging", tmp_path, tmp_path).stderr


def test_what_is_encrypted_hides_nothing_else(tmp_path: Path) -> None:
    shutil.copytree(INVENTORIES / "staging", tmp_path / "staging")
    with (tmp_path / "staging" / "group_vars" / "all.yml").open("a", encoding="utf-8") as variables:
        variables.write("secret: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  3132\n")
    assert said("staging", tmp_path / "staging", tmp_path).returncode == 0


def test_the_hosts_of_a_group_are_listed(tmp_path: Path) -> None:
    assert said("staging", INVENTORIES / "staging", tmp_path, "hosts", "agents").stdout == "agent-1\nagent-2\n"


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Of the tree, only what chooses a fleet."""
    for name in (
        "Makefile",
        "tests/tests.mk",
        "dashboards/boards.mk",
        "ansible/caches.mk",
        "ansible/machine.mk",
        "requirements.txt",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    for name in ("staging", "production", "berlin"):
        (tmp_path / "ansible" / "inventories" / name).mkdir(parents=True)
        (tmp_path / "ansible" / "inventories" / name / "hosts.yml").write_text("all:\n")
    return tmp_path


def meant(clone: Path, *words: str, **variables: str) -> str:
    """The environment and the inventory that a target would act on."""
    environment = {
        name: value for name, value in os.environ.items() if name not in {"ENV", "WARMLINE_ENV", "MAKELEVEL"}
    }
    done = subprocess.run(
        ["make", "--just-print", "--directory", clone, *words],
        env={**environment, **variables},
        capture_output=True,
        text=True,
        check=True,
    )
    [line] = [line for line in done.stdout.splitlines() if "/bin/fleet '" in line][:1]
    _, environment_named, _, inventory, *_ = line.split("'")
    return f"{environment_named} {Path(inventory).relative_to(clone).parent}"


def test_env_wins_over_warmline_env_over_the_clones_file_over_staging(clone: Path) -> None:
    assert meant(clone, "status") == "staging ansible/inventories/staging"
    (clone / ".warmline-env").write_text("production\n")
    assert meant(clone, "status") == "production ansible/inventories/production"
    assert meant(clone, "status", WARMLINE_ENV="berlin") == "berlin ansible/inventories/berlin"
    assert meant(clone, "status", "ENV=staging", WARMLINE_ENV="berlin") == "staging ansible/inventories/staging"


def test_tests_and_drills_follow_no_default_that_somebody_chose(clone: Path) -> None:
    (clone / ".warmline-env").write_text("production\n")
    for target in ("test-fleet", "incident-drill"):
        assert meant(clone, target, WARMLINE_ENV="berlin").startswith("staging ")
    assert meant(clone, "test-fleet", "ENV=berlin").startswith("berlin ")


@pytest.mark.parametrize("inventory", ["elsewhere/prod", "elsewhere/prod/", "elsewhere/prod/hosts.yml"])
def test_an_inventory_may_stand_anywhere_and_is_called_as_its_folder(clone: Path, inventory: str) -> None:
    (clone / "elsewhere" / "prod").mkdir(parents=True)
    (clone / "elsewhere" / "prod" / "hosts.yml").write_text("all:\n")
    where = f"INVENTORY={clone / inventory}{'/' if inventory.endswith('/') else ''}"
    assert meant(clone, "status", where) == "prod elsewhere/prod"
    assert meant(clone, "status", where, "ENV=production") == "production elsewhere/prod"


def test_git_ignores_inventories_of_ones_own_and_the_chosen_default() -> None:
    names = [
        "ansible/inventories/production/group_vars/all/vault.yml",
        ".warmline-env",
        "ansible/inventories/staging/new",
    ]
    done = subprocess.run(["git", "check-ignore", *names], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout.split() == names[:2]
