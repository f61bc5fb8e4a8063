"""What `make` shows and says: the operators' targets first, all of them on request."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.support.processes import ROOT
from tests.support.time.wait import until
from tests.support.tree.repository import makefiles

DOCUMENTED = re.compile(r"^([a-z-]+):.*?## ", re.MULTILINE)
SHOWN = re.compile(r"^  ([a-z-]+) {2,}\S", re.MULTILINE)


def make(*arguments: str, said: str = "") -> subprocess.CompletedProcess[str]:
    unsaid = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_VAULT")}
    command = ["make", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=unsaid, input=said, capture_output=True, text=True, check=False, start_new_session=True
    )


def test_make_help_shows_every_target_of_the_makefile_in_one_screen() -> None:
    targets = DOCUMENTED.findall((ROOT / "Makefile").read_text(encoding="utf-8"))
    assert SHOWN.findall(make("help").stdout) == targets
    assert len(targets) < 20


def test_make_help_all_shows_every_documented_target_of_every_included_file_once() -> None:
    targets = [name for file in makefiles() for name in DOCUMENTED.findall(file.read_text(encoding="utf-8"))]
    shown = SHOWN.findall(make("help-all").stdout)
    assert sorted(shown) == sorted(targets)
    assert len(shown) == len({*shown}) > 40


@pytest.mark.parametrize(
    ("old", "new"), [("lock", "make requirements"), ("unlock", "make break-lock ENV=staging YES=1")]
)
def test_a_name_that_could_be_mistaken_does_nothing_but_say_the_new_one(old: str, new: str) -> None:
    done = make(old)
    assert done.returncode == 2
    assert new in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("target", ["help", "help-all"])
def test_no_escape_codes_reach_a_pipe(target: str) -> None:
    assert "\033" not in make(target).stdout


@pytest.mark.parametrize(("variables", "bold"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_a_terminal_gets_bold_titles_unless_it_says_no_color(variables: dict[str, str], bold: bool) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    command = ["script", "--quiet", "--return", "--command", "make help", "/dev/null"]
    done = subprocess.run(
        command, cwd=ROOT, env={**environment, **variables}, capture_output=True, text=True, check=True
    )
    assert ("\033[1mDeploy" in done.stdout) == bold


def test_no_program_writes_escape_codes_without_asking_who_reads() -> None:
    """Each file that has one also looks whether a terminal reads, and at NO_COLOR."""
    codes = re.compile(r"\\(033|e|x1b)\[")
    files = [
        *makefiles(),
        *(ROOT / "ansible" / "bin").iterdir(),
        *(ROOT / "agent").rglob("*.py"),
        *(ROOT / "docker").rglob("*.py"),
    ]
    texts = {file: file.read_text(encoding="utf-8") for file in files if file.is_file()}
    assert [
        file
        for file, text in texts.items()
        if codes.search(text) and not {"NO_COLOR", "-t "} <= {*re.findall("NO_COLOR|-t ", text)}
    ] == []


def test_asking_a_fleet_that_was_not_deployed_from_here_says_what_to_do(tmp_path: Path) -> None:
    done = make("--silent", "ask", f"WARMLINE_STATE={tmp_path}")
    assert done.returncode == 2
    assert "deploy from this machine first" in done.stderr
    assert done.stdout == ""


@pytest.fixture
def inventory(tmp_path: Path) -> Path:
    """An inventory of real hosts."""
    (tmp_path / "group_vars").mkdir()
    hosts = tmp_path / "hosts.yml"
    hosts.write_text("all: {hosts: {a: {}}}\n", encoding="utf-8")
    return hosts


def test_a_deploy_looks_at_real_hosts_before_it_builds_anything(inventory: Path) -> None:
    told = make("--dry-run", "deploy", f"INVENTORY={inventory}").stdout
    assert (
        told.index("preflight.yml")
        < told.index("control.yml")
        < told.index("build.py build")
        < told.index("deploy.yml")
    )


def test_a_deploy_of_hosts_that_are_containers_makes_them_first() -> None:
    assert "preflight.yml" not in make("--dry-run", "deploy").stdout


def test_an_encrypted_inventory_without_its_password_is_told_how_to_name_it(inventory: Path) -> None:
    vault = inventory.parent / "group_vars" / "vault.yml"
    vault.write_text("$ANSIBLE_VAULT;1.1;AES256\n3132\n", encoding="utf-8")
    done = make("preflight", f"INVENTORY={inventory}")
    assert done.returncode == 2
    assert (
        f"{vault} is encrypted: name the file that holds its password: export ANSIBLE_VAULT_PASSWORD_FILE="
        in done.stderr
    )
    assert make("help", f"INVENTORY={inventory}").returncode == 0


def test_the_password_of_sudo_is_asked_for_once_and_kept_as_long_as_the_command_runs(tmp_path: Path) -> None:
    """In a file of its owner's, whose name alone the playbooks are told."""
    (tmp_path / "seen.mk").write_text(
        "seen: again\n\t@stat --format %a $$ANSIBLE_BECOME_PASSWORD_FILE; cat $$ANSIBLE_BECOME_PASSWORD_FILE\n"
        f"again:\n\t@$(MAKE) -f {ROOT}/Makefile -f {tmp_path}/seen.mk names\n"
        "names:\n\t@echo $$ANSIBLE_BECOME_PASSWORD_FILE\n"
    )
    done = make("-f", str(ROOT / "Makefile"), "-f", str(tmp_path / "seen.mk"), "seen", "ASK_SUDO=1", said="a secret\n")
    name, mode, secret = done.stdout.splitlines()
    assert (mode, secret) == ("600", "a secret")
    until(lambda: not Path(name).exists(), seconds=10, what="the file to be gone")
