"""How hosts are reached: addresses from names, and the file that lets ssh in as Ansible gets in."""

from pathlib import Path

import pytest
from ansible.parsing.dataloader import DataLoader

from tests.support.tree.plugins import load

access = load("filter", "access")
KNOWN = {"edge-1.example.com": "10.0.1.11"}


def resolve(name: str) -> str:
    """A name service of one name."""
    return KNOWN.get(name, name)


def test_a_host_by_name_has_the_address_of_its_name_and_one_by_address_its_own() -> None:
    assert access.address("edge-1.example.com", resolve) == "10.0.1.11"
    assert access.address("10.0.1.12", lambda _: pytest.fail("looked up")) == "10.0.1.12"


def test_a_name_in_fleet_address_is_refused_with_the_line_to_write() -> None:
    (said,) = access.refuse_addresses({"edge-1": "edge-1.example.com"}, resolve)
    assert said == (
        "edge-1: fleet_address is the name edge-1.example.com; write an IPv4 address: `fleet_address: 10.0.1.11`."
    )


def test_a_host_without_fleet_address_whose_name_nobody_knows_is_told_to_have_one() -> None:
    (said,) = access.refuse_addresses({"edge-9": "edge-9"}, resolve)
    assert said.startswith("edge-9: this machine finds no IPv4 address for edge-9; write")
    assert "`fleet_address: " in said


@pytest.mark.parametrize("said", ["10.0.1", "10.0.1.11/24", "2001:db8::1", "010.0.1.11", "", None, 12, ["10.0.1.1"]])
def test_what_is_no_ipv4_address_is_refused(said: object) -> None:
    assert len(access.refuse_addresses({"a": said}, resolve)) == 1


def test_two_hosts_with_one_address_are_refused_by_both_names() -> None:
    (said,) = access.refuse_addresses({"edge-1": "10.0.1.11", "edge-2": "10.0.1.11", "agent-1": "10.0.1.21"}, resolve)
    assert said.startswith("edge-1 and edge-2: have one fleet_address, 10.0.1.11")


def test_a_host_of_which_the_inventory_says_nothing_is_reached_by_its_name() -> None:
    assert access.ssh_lines("edge-1.example.com", {}) == ["Host edge-1.example.com", "  HostName edge-1.example.com"]


def test_ssh_gets_in_with_the_inventorys_port_user_key_known_hosts_and_jump_host() -> None:
    variables = {
        "ansible_host": "203.0.113.7",
        "ansible_port": 2222,
        "ansible_user": "deploy",
        "ansible_ssh_private_key_file": "~/keys/of the fleet",
        "ansible_ssh_common_args": "-o UserKnownHostsFile=/k/hosts -J ops@bastion.example.com:2200",
    }
    assert access.ssh_lines("edge-1", variables) == [
        "Host edge-1",
        "  HostName 203.0.113.7",
        "  Port 2222",
        '  IdentityFile "~/keys/of the fleet"',
        "  User deploy",
        "  UserKnownHostsFile /k/hosts",
        "  ProxyJump ops@bastion.example.com:2200",
    ]


def test_the_older_names_of_the_variables_mean_the_same() -> None:
    variables = {"ansible_ssh_host": "10.0.0.1", "ansible_ssh_port": "22", "ansible_ssh_user": "root"}
    variables["ansible_private_key_file"] = "/k"
    assert access.ssh_lines("a", variables)[1:] == [
        "  HostName 10.0.0.1",
        "  Port 22",
        "  IdentityFile /k",
        "  User root",
    ]


@pytest.mark.parametrize(
    ("arguments", "lines"),
    [
        ("-o ProxyCommand='ssh -W %h:%p -q bastion'", ["ProxyCommand ssh -W %h:%p -q bastion"]),
        ('-o "ServerAliveInterval 15" -oCompression=yes', ["ServerAliveInterval 15", "Compression yes"]),
        ("-i /k -p 2222 -l me -F /c", ["IdentityFile /k", "Port 2222", "User me", "Include /c"]),
        ("-A -4 -C", ["ForwardAgent yes", "AddressFamily inet", "Compression yes"]),
        ("-vvv", ["# -vvv has no line of its own"]),
        ("", []),
    ],
)
def test_arguments_of_ssh_become_lines_of_its_file(arguments: str, lines: list[str]) -> None:
    assert [*access.options(arguments)] == lines


@pytest.mark.parametrize("said", [False, "false", "no"])
def test_a_host_whose_key_is_not_checked_is_reached_so(said: object) -> None:
    lines = access.ssh_lines("a", {"ansible_host_key_checking": said})
    assert lines[2:] == ["  StrictHostKeyChecking no", "  UserKnownHostsFile /dev/null"]


def test_connections_are_kept_open_where_the_inventory_says_where() -> None:
    assert access.ssh_lines("a", {"ansible_control_path_dir": "/s"})[2:] == [
        "  ControlMaster auto",
        "  ControlPath /s/%C",
        "  ControlPersist 60",
    ]


secrets = load("lookup", "warmline_missing_secrets")


def lacks(folder: Path) -> list[str]:
    found: list[str] = secrets.LookupModule(loader=DataLoader()).run([str(folder / "hosts.yml")])
    return found


def test_a_secret_that_the_vault_lacks_is_named_with_the_file_that_reads_it(tmp_path: Path) -> None:
    folder = tmp_path / "group_vars" / "all"
    folder.mkdir(parents=True)
    (tmp_path / "hosts.yml").write_text("all: {vars: {ansible_become_password: '{{ vault_sudo }}'}}")
    (folder / "vars.yml").write_text("a: '{{ vault_a }}'\nb: [{c: 'x {{ vault_b | hash }}'}]\nd: vault_in_prose\n")
    (folder / "vault.yml").write_text("vault_a: secret\n")
    assert lacks(tmp_path) == [
        "hosts.yml: reads the secret vault_sudo, which no file sets: add it to vault.yml beside it.",
        "group_vars/all/vars.yml: reads the secret vault_b, which no file sets: add it to vault.yml beside it.",
    ]
    (folder / "vault.yml").write_text("vault_a: secret\nvault_b: secret\nvault_sudo: secret\n")
    assert lacks(tmp_path) == []
