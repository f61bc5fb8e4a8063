"""How hosts are reached: the fleet's addresses of them, and the file that lets `ssh` in as Ansible gets in.

Pure, but for names: the machine that deploys looks up a host that the inventory names and gives no address.
"""

from __future__ import annotations

import shlex
import socket
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from ipaddress import IPv4Address

FLAGS = {"-4": "AddressFamily inet", "-6": "AddressFamily inet6", "-A": "ForwardAgent yes", "-C": "Compression yes"}
"""Options of `ssh` without an argument, as a line of its file of configuration."""
KEYWORDS = {"-J": "ProxyJump", "-i": "IdentityFile", "-l": "User", "-p": "Port", "-F": "Include"}
"""Options of `ssh` with an argument, by the keyword of the same meaning."""


@lru_cache
def look_up(name: str) -> str:
    """The IPv4 address of a name as this machine knows it; the name itself if nobody knows it."""
    try:
        return socket.gethostbyname(name)
    except OSError:
        return name


def address(said: str, resolve: Callable[[str], str] = look_up) -> str:
    """The IPv4 address of what an inventory says of a host: an address, or a name that `resolve` looks up."""
    return said if is_address(said) else resolve(said)


def is_address(text: object) -> bool:
    """Whether a text is an IPv4 address, as the firewall and the services want one."""
    try:
        return str(IPv4Address(str(text))) == str(text)
    except ValueError:
        return False


def refuse_addresses(addresses: Mapping[str, object], resolve: Callable[[str], str] = look_up) -> list[str]:
    """A sentence for each host of `addresses` that has no usable `fleet_address`, and for each address of two hosts."""
    hosts = defaultdict(list)
    for host, said in addresses.items():
        hosts[str(said)].append(host)
    wrong = [_refusal(host, str(said), resolve) for host, said in addresses.items() if not is_address(said)]
    twice = [
        f"{' and '.join(names)}: have one fleet_address, {said}: each host needs an address of its own."
        for said, names in hosts.items()
        if len(names) > 1 and is_address(said)
    ]
    return wrong + twice


def _refusal(host: str, said: str, resolve: Callable[[str], str]) -> str:
    found = address(said, resolve)
    if is_address(found):
        return f"{host}: fleet_address is the name {said}; write an IPv4 address: `fleet_address: {found}`."
    return (
        f"{host}: this machine finds no IPv4 address for {said}; write the one at which the other hosts reach it:"
        " `fleet_address: 10.0.1.11`."
    )


def ssh_lines(host: str, variables: Mapping[str, object]) -> list[str]:
    """The lines for a host in a file of `ssh`, from its connection variables. The first of a keyword counts."""

    def said(*names: str) -> str:
        return next((str(variables[name]) for name in names if variables.get(name) not in (None, "")), "")

    checked = said("ansible_ssh_host_key_checking", "ansible_host_key_checking").lower() not in {"false", "no", "0"}
    sockets = said("ansible_control_path_dir")
    lines = [
        f"HostName {said('ansible_ssh_host', 'ansible_host') or host}",
        *options(said("ansible_ssh_args")),
        *([] if checked else ["StrictHostKeyChecking no", "UserKnownHostsFile /dev/null"]),
        *_line("Port", said("ansible_ssh_port", "ansible_port")),
        *_line("IdentityFile", _quoted(said("ansible_ssh_private_key_file", "ansible_private_key_file"))),
        *_line("User", said("ansible_ssh_user", "ansible_user")),
        *options(said("ansible_ssh_common_args")),
        *options(said("ansible_ssh_extra_args")),
        *(["ControlMaster auto", f"ControlPath {sockets}/%C", "ControlPersist 60"] if sockets else []),
    ]
    return [f"Host {host}", *(f"  {line}" for line in lines)]


def options(arguments: str) -> Iterator[str]:
    """The lines that mean the same as arguments of `ssh`; an argument that no line can say becomes a comment."""
    words = iter(shlex.split(arguments))
    for word in words:
        flag, glued = word[:2], word[2:]
        if flag == "-o":
            keyword, _, value = (glued or next(words, "")).strip().replace("=", " ", 1).partition(" ")
            yield f"{keyword} {value.strip()}"
        elif flag in KEYWORDS:
            yield f"{KEYWORDS[flag]} {_quoted(glued or next(words, ''))}"
        else:
            yield FLAGS.get(word, f"# {word} has no line of its own")


def _line(keyword: str, value: str) -> Iterable[str]:
    return [f"{keyword} {value}"] if value else []


def _quoted(value: str) -> str:
    return f'"{value}"' if " " in value else value


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, object]:
        """The filters by the names that playbooks use."""
        return {
            "warmline_address": address,
            "warmline_refused_addresses": refuse_addresses,
            "warmline_ssh_lines": lambda variables, host: ssh_lines(host, variables),
        }
