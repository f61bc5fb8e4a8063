"""Rules of the tree that no linter knows."""

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from tests.support.processes import ROOT
from tests.support.tree.repository import tracked

TOP = {"ansible", "docker", "nginx", "agent", "dashboards", "tests", "docs", ".ci", ".github"}
REGISTRIES = re.compile(
    r"pypi\.org|pythonhosted\.org|deb\.debian\.org|debian\.org/debian|registry\.npmjs\.org|proxy\.golang\.org|galaxy\.ansible\.com"
)


def text_files() -> list[tuple[Path, str]]:
    found = []
    for path in tracked():
        try:
            found.append((path.relative_to(ROOT), path.read_text(encoding="utf-8")))
        except UnicodeDecodeError:
            continue
    return found


def test_the_top_level_is_the_one_we_agreed_on() -> None:
    folders = {path.relative_to(ROOT).parts[0] for path in tracked() if len(path.relative_to(ROOT).parts) > 1}
    assert folders <= TOP


def test_no_package_registry_is_named_anywhere() -> None:
    this = Path("tests/static/test_tree.py")
    named = [str(path) for path, text in text_files() if path != this and REGISTRIES.search(text)]
    assert named == []


@pytest.mark.parametrize(
    "lock",
    [
        "requirements.txt",
        "agent/requirements.txt",
        "agent/requirements-simulators.txt",
        "dashboards/requirements.txt",
        *(f"tests/{suite}/requirements.txt" for suite in ("conformance", "fuzz", "measure/bench", "measure/load")),
    ],
)
def test_every_locked_package_is_pinned_and_hashed(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    packages = re.findall(r"^([a-z0-9][^\s=]*)==\S+(.*(?:\n    .*)*)", text, re.MULTILINE)
    assert len(packages) > 10
    assert [name for name, rest in packages if "--hash=sha256:" not in rest] == []
    assert not re.search(r"--(extra-)?index-url|--find-links|://", text)


def test_what_is_generated_is_marked_so_and_nothing_else_is() -> None:
    names = [str(path.relative_to(ROOT)) for path in tracked()]
    command = ["git", "-C", str(ROOT), "check-attr", "--stdin", "linguist-generated"]
    done = subprocess.run(command, input="\n".join(names), capture_output=True, text=True, check=True)
    marked = {line.split(":")[0] for line in done.stdout.splitlines() if line.endswith(": set")}
    locks = {name for name in names if re.search(r"(^|/)(requirements[^/]*\.txt|package-lock\.json)$", name)}
    boards = {name for name in names if name.startswith(("dashboards/json/", "dashboards/rules/rendered/"))}
    assert marked == locks | boards


def test_the_control_machine_runs_the_workers_versions() -> None:
    def versions(lock: str) -> dict[str, str]:
        return dict(re.findall(r"^([a-z0-9][^\s=]*)==(\S+)", (ROOT / lock).read_text(encoding="utf-8"), re.MULTILINE))

    control = versions("requirements.txt")
    for image in (versions("agent/requirements.txt"), versions("agent/requirements-simulators.txt")):
        assert {name: control.get(name) for name in image} == image


@pytest.mark.parametrize(
    ("group", "packages"),
    [
        ("dependencies", "warmline warmline_cache"),
        ("simulators", "warmline_simulators"),
        ("studies", "warmline_studies"),
    ],
)
def test_a_package_names_every_library_that_it_imports_and_no_other(group: str, packages: str) -> None:
    project = tomllib.loads((ROOT / "agent" / "pyproject.toml").read_text(encoding="utf-8"))
    worker = libraries(project["project"]["dependencies"])
    named = libraries(project["dependency-groups"].get(group, [])) or worker
    imported = {name for package in packages.split() for name in imports(ROOT / "agent" / package)}
    imported -= {"warmline", "warmline_cache", "warmline_studies", "warmline_simulators", *sys.stdlib_module_names}
    assert imported - (worker if group == "studies" else set()) <= named
    assert named <= imported | USED_BY_NAME


USED_BY_NAME = {"hiredis", "httptools", "uvloop", "websockets"}
"""Libraries that redis-py and uvicorn load themselves."""


def libraries(requirements: list[str]) -> set[str]:
    """The modules of these requirements."""
    names = {re.split(r"[^a-z0-9-]", requirement)[0].replace("-", "_") for requirement in requirements}
    return {{"pyyaml": "yaml"}.get(name, name) for name in names}


def imports(package: Path) -> set[str]:
    """The modules that a package's files import, by their first names."""
    nodes = [node for file in package.rglob("*.py") for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))]
    whole = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return {name.split(".")[0] for name in whole | {str(n.module) for n in nodes if isinstance(n, ast.ImportFrom)}}


def test_no_private_key_or_generated_secret_is_committed() -> None:
    assert [str(path) for path, text in text_files() if "-----BEGIN" + " " in text and "PRIVATE KEY" in text] == []


@pytest.mark.parametrize("role", sorted(path.name for path in (ROOT / "ansible" / "roles").iterdir() if path.is_dir()))
def test_a_role_has_specs_and_a_readme_and_documents_every_default(role: str) -> None:
    folder = ROOT / "ansible" / "roles" / role
    assert (folder / "README.md").read_text(encoding="utf-8").startswith(f"# {role}\n")
    specs = yaml.safe_load((folder / "meta" / "argument_specs.yml").read_text(encoding="utf-8"))
    options = specs["argument_specs"]["main"]["options"]
    defaults_file = folder / "defaults" / "main.yml"
    defaults = yaml.safe_load(defaults_file.read_text(encoding="utf-8")) if defaults_file.exists() else {}
    assert defaults == {name: option["default"] for name, option in options.items() if "default" in option}


def test_nothing_is_reloaded_by_a_signal_through_docker() -> None:
    """Docker would note that somebody stopped the container, and restart it never again (roles/docker_engine)."""
    signals = re.compile(r"(docker|container)s?[ _]kill[^\n]*(--signal|\s-s\b|signal=)|kill_signal:")
    this = Path("tests/static/test_tree.py")
    assert [str(path) for path, text in text_files() if path != this and signals.search(text)] == []


def test_every_inventory_names_the_same_groups() -> None:
    def groups(inventory: str) -> set[str]:
        hosts = yaml.safe_load((ROOT / "ansible" / "inventories" / inventory / "hosts.yml").read_text(encoding="utf-8"))
        return set(hosts["all"]["children"])

    assert groups("production.example") == groups("staging")


@pytest.mark.parametrize("inventory", ["staging", "production.example"])
def test_an_inventory_passes_its_check(tmp_path: Path, inventory: str) -> None:
    """The example as its readers have it: with a vault.yml of its own."""
    shutil.copytree(ROOT / "ansible" / "inventories" / inventory, tmp_path / inventory)
    for vault in (tmp_path / inventory).rglob("vault.yml.example"):
        vault.rename(vault.with_name("vault.yml"))
    done = check_inventory(str(tmp_path / inventory / "hosts.yml"))
    assert done.returncode == 0, done.stdout


def test_a_misspelt_variable_stops_the_check_with_what_was_meant(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "ansible" / "inventories" / "staging", tmp_path / "staging")
    with (tmp_path / "staging" / "group_vars" / "all.yml").open("a", encoding="utf-8") as variables:
        variables.write("agent_profil: high_traffic\n")
    done = check_inventory(str(tmp_path / "staging" / "hosts.yml"))
    assert done.returncode != 0
    assert "group_vars/all.yml: nothing reads the variable agent_profil; did you mean agent_profile?" in done.stdout


def test_what_an_inventory_may_say_of_the_fleet_is_not_said_louder_beside_the_playbooks() -> None:
    playbooks = ROOT / "ansible" / "playbooks"
    settable = yaml.safe_load((playbooks / "vars" / "fleet_variables.yml").read_text(encoding="utf-8"))
    louder = {
        name
        for file in (playbooks / "group_vars").rglob("*.yml")
        for name in yaml.safe_load(file.read_text(encoding="utf-8"))
    }
    assert settable["fleet_variables"].keys() & louder == {"fleet_address"}  # a host's own, which wins


def check_inventory(inventory: str) -> subprocess.CompletedProcess[str]:
    """Run the playbook that checks an inventory."""
    environment = {**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible" / "ansible.cfg")}
    command = ["ansible-playbook", "--inventory", inventory, "ansible/playbooks/inventory.yml"]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def test_every_commit_hook_is_a_make_target_or_a_program_of_the_lock_file() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"]
    assert {repo["repo"] for repo in hooks} == {"local"}
