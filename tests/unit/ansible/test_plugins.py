"""The playbooks' own filters and lookups."""

import hashlib
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader

from tests.support.processes import ROOT
from tests.support.tree.plugins import load

filters = load("filter", "warmline")
lookup = load("lookup", "warmline_unknown_variables")

HOSTS = ["agent-1", "agent-2", "agent-3"]
ADDRESSES = {host: f"10.0.0.{i}" for i, host in enumerate(HOSTS, start=1)}


def test_api_keys_become_digests(tmp_path: Path) -> None:
    (tmp_path / "clinic").write_text("secret\n")
    assert filters.api_keys(["clinic"], str(tmp_path)) == [
        {"organisation": "clinic", "sha256": hashlib.sha256(b"secret").hexdigest()}
    ]


def test_targets_are_labelled_with_their_host() -> None:
    assert filters.targets(HOSTS[:2], ADDRESSES, 9121, redis="cache") == [
        {"address": "10.0.0.1:9121", "labels": {"host": "agent-1", "redis": "cache"}},
        {"address": "10.0.0.2:9121", "labels": {"host": "agent-2", "redis": "cache"}},
    ]


def test_each_probe_goes_through_each_edge_by_way_of_the_exporter() -> None:
    found = filters.probes({"edge-1": "http://a", "edge-2": "http://b"}, {"edge": "/", "question": "/q?text=x"}, "e:1")
    asked = {(one["labels"]["host"], one["labels"]["probe"]): one["labels"]["__param_target"] for one in found}
    assert asked == {
        ("edge-1", "edge"): "http://a/",
        ("edge-1", "question"): "http://a/q?text=x",
        ("edge-2", "edge"): "http://b/",
        ("edge-2", "question"): "http://b/q?text=x",
    }
    assert {(one["address"], one["labels"]["__metrics_path__"]) for one in found} == {("e:1", "/probe")}
    assert all(one["labels"]["__param_module"] == one["labels"]["probe"] for one in found)


@pytest.fixture
def inventory(tmp_path: Path) -> Path:
    (tmp_path / "group_vars").mkdir()
    (tmp_path / "roles" / "redis" / "meta").mkdir(parents=True)
    (tmp_path / "roles" / "redis" / "meta" / "argument_specs.yml").write_text(
        "argument_specs: {main: {options: {redis_port: {type: int}, redis_address: {type: str}}}}"
    )
    (tmp_path / "fleet.yml").write_text("fleet_variables: {fleet_environment: Name of the environment.}")
    (tmp_path / "hosts.yml").write_text("all: {hosts: {}}")
    return tmp_path


def complaints(inventory: Path) -> list[str]:
    plugin = lookup.LookupModule(loader=DataLoader())
    options: dict[str, Any] = {"roles": str(inventory / "roles"), "fleet": str(inventory / "fleet.yml")}
    options["wiring"] = str(inventory / "wiring")
    plugin.get_option = options.__getitem__
    plugin.set_options = lambda **_: None
    found: list[str] = plugin.run([str(inventory / "hosts.yml")])
    return found


def test_declared_variables_are_fine(inventory: Path) -> None:
    (inventory / "group_vars" / "all.yml").write_text("redis_port: 1\nfleet_environment: x\nvault_secret: y\n")
    assert complaints(inventory) == []


def test_every_connection_variable_that_people_use_is_fine(inventory: Path) -> None:
    names = """ansible_host ansible_port ansible_user ansible_password ansible_connection
        ansible_ssh_host ansible_ssh_port ansible_ssh_user ansible_ssh_pass ansible_private_key_file
        ansible_ssh_private_key_file ansible_ssh_common_args ansible_ssh_extra_args ansible_ssh_args
        ansible_ssh_pipelining ansible_pipelining ansible_ssh_executable ansible_host_key_checking
        ansible_ssh_host_key_checking ansible_control_path_dir ansible_become ansible_become_method
        ansible_become_user ansible_become_pass ansible_become_password ansible_become_exe
        ansible_become_flags ansible_sudo_pass ansible_timeout ansible_ssh_timeout ansible_ssh_retries
        ansible_shell_type ansible_shell_executable ansible_python_interpreter"""
    (inventory / "group_vars" / "all.yml").write_text("".join(f"{name}: x\n" for name in names.split()))
    assert complaints(inventory) == []


def test_a_misspelt_connection_variable_is_named_with_what_was_meant(inventory: Path) -> None:
    (inventory / "hosts.yml").write_text("all: {hosts: {a: {ansible_prot: 2222}}}")
    assert complaints(inventory) == ["hosts.yml: nothing reads the variable ansible_prot; did you mean ansible_port?"]


def test_a_misspelt_variable_is_named_with_its_file_and_what_was_meant(inventory: Path) -> None:
    (inventory / "group_vars" / "all.yml").write_text("redis_prot: 1\n")
    assert complaints(inventory) == [
        "group_vars/all.yml: nothing reads the variable redis_prot; did you mean redis_port?"
    ]


def test_a_variable_that_the_playbooks_set_is_not_heard_from_a_group_and_is_from_a_host(inventory: Path) -> None:
    (inventory / "wiring" / "all").mkdir(parents=True)
    (inventory / "wiring" / "all" / "wiring.yml").write_text("fleet_environment: y\nfleet_else: z\n")
    (inventory / "host_vars").mkdir()
    (inventory / "host_vars" / "a.yml").write_text("fleet_environment: x\n")
    assert complaints(inventory) == []
    (inventory / "group_vars" / "all.yml").write_text("fleet_environment: x\n")
    [said] = complaints(inventory)
    assert said.startswith("group_vars/all.yml: fleet_environment is set by the playbooks, and for a group that wins")


def test_a_variable_of_former_times_is_told_what_became_of_it(inventory: Path) -> None:
    (inventory / "fleet.yml").write_text(
        "{fleet_variables: {}, former_variables: {redis_prot: is redis_port since 0.2.}}"
    )
    (inventory / "group_vars" / "all.yml").write_text("redis_prot: 1\n")
    assert complaints(inventory) == ["group_vars/all.yml: redis_prot is redis_port since 0.2."]


def test_the_new_name_of_every_variable_of_former_times_is_declared() -> None:
    ansible = ROOT / "ansible"
    fleet = yaml.safe_load((ansible / "playbooks" / "vars" / "fleet_variables.yml").read_text(encoding="utf-8"))
    specs = [
        yaml.safe_load(spec.read_text(encoding="utf-8")) for spec in ansible.glob("roles/*/meta/argument_specs.yml")
    ]
    options = {name for spec in specs for entry in spec["argument_specs"].values() for name in entry.get("options", {})}
    renamed = [said.split()[2] for said in fleet["former_variables"].values() if said.startswith("is called ")]
    assert "agent_data_convex_url" in renamed
    assert set(renamed) <= options | set(fleet["fleet_variables"])
    assert not set(fleet["former_variables"]) & (options | set(fleet["fleet_variables"]))


@pytest.mark.parametrize(
    "hosts",
    [
        "all: {vars: {redis_adress: x}}",
        "all: {hosts: {a: {redis_adress: x}}}",
        "all: {children: {redis: {hosts: {a: {redis_adress: x}}}}}",
        "all: {children: {redis: {children: {inner: {vars: {redis_adress: x}}}}}}",
    ],
)
def test_misspelt_variables_are_found_anywhere_in_a_hosts_file(inventory: Path, hosts: str) -> None:
    (inventory / "hosts.yml").write_text(hosts)
    assert complaints(inventory) == ["hosts.yml: nothing reads the variable redis_adress; did you mean redis_address?"]


def test_a_hosts_file_with_empty_groups_is_fine(inventory: Path) -> None:
    (inventory / "hosts.yml").write_text("all:\n  children:\n    redis:\n    agents:\n      hosts:\n        a:\n")
    assert complaints(inventory) == []
