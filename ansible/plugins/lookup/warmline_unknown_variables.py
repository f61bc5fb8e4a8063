"""Names in the inventory that nothing hears: misspelt variables, which no argument spec sees, and overruled ones."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from ansible.errors import AnsibleError
from ansible.plugins.become import su, sudo
from ansible.plugins.connection import local, ssh
from ansible.plugins.doc_fragments import connection_pipelining as pipelining
from ansible.plugins.lookup import LookupBase

DOCUMENTATION = """
name: warmline_unknown_variables
short_description: inventory variables that no role and no playbook declares
description:
  - Reads the names of all variables that the inventory sets, in its hosts file, group_vars and host_vars.
  - Compares them with the options of every role's argument specs and with the fleet's own variables.
  - Returns one sentence for each name that nobody declares, with the nearest declared name.
  - So it does for each that is set for a group and that group_vars beside the playbooks set too. Those win over the
    inventory's groups, though not over its hosts (Ansible's rules of precedence).
options:
  _terms:
    description: inventory sources, as in the magic variable ansible_inventory_sources
    required: true
  roles:
    description: the folder of the roles
    required: true
  fleet:
    description: file that declares the fleet's own variables, name to description, and what became of former ones
    required: true
  wiring:
    description: the folder of group_vars beside the playbooks
    required: true
"""

OF_ANSIBLE = {
    "ansible_become",
    "ansible_become_method",
    "ansible_connection",
    "ansible_python_interpreter",
    "ansible_shell_executable",
    "ansible_shell_type",
    "ansible_timeout",
}
"""Variables that Ansible itself reads, whatever carries its tasks."""


def connection_variables() -> set[str]:
    """All names in Ansible's documentation of `ssh`, of connections to this machine, and of becoming root."""
    named = set(OF_ANSIBLE)
    for plugin in (ssh, local, pipelining, sudo, su):
        text = getattr(plugin, "DOCUMENTATION", None) or plugin.ModuleDocFragment.DOCUMENTATION
        for option in yaml.safe_load(text)["options"].values():
            named |= {entry["name"] for entry in option.get("vars", ())}
    return {name for name in named if name.startswith("ansible_")}


class LookupModule(LookupBase):
    """See DOCUMENTATION."""

    def run(self, terms: list[Any], variables: dict[str, Any] | None = None, **options: Any) -> list[str]:
        """The sentences; an empty list if every name is declared."""
        self.set_options(var_options=variables, direct=options)
        fleet = self._load(Path(self.get_option("fleet")))
        declared = self._declared(Path(self.get_option("roles")), fleet)
        wired = self._wired(Path(self.get_option("wiring")))
        unknown = [
            complaint(name, where, declared, fleet.get("former_variables", {}))
            for source in self._flatten(terms)
            for where, name in self._set_names(Path(source))
            if name not in declared and not name.startswith("vault_")
        ]
        overruled = [
            f"{where}: {name} is set by the playbooks, and for a group that wins: set it for each host, or not at all"
            for source in self._flatten(terms)
            for where, name in self._set_for_groups(Path(source))
            if name in wired & declared
        ]
        return unknown + overruled

    def _declared(self, roles: Path, fleet: dict[str, Any]) -> set[str]:
        names = connection_variables() | set(fleet["fleet_variables"])
        for spec in roles.glob("*/meta/argument_specs.yml"):
            for entry in self._load(spec)["argument_specs"].values():
                names.update(entry.get("options", {}))
        return names

    def _wired(self, folder: Path) -> set[str]:
        return {name for file in folder.rglob("*.yml") for name in self._load(file)}

    def _set_names(self, source: Path) -> Iterator[tuple[str, str]]:
        yield from self._set_for_groups(source)
        folder = source if source.is_dir() else source.parent
        for hosts in sorted(folder.glob("hosts.yml")):
            for name in host_names(self._load(hosts)):
                yield hosts.name, name
        yield from self._in_files(folder, "host_vars")

    def _set_for_groups(self, source: Path) -> Iterator[tuple[str, str]]:
        folder = source if source.is_dir() else source.parent
        for hosts in sorted(folder.glob("hosts.yml")):
            for name in group_names(self._load(hosts)):
                yield hosts.name, name
        yield from self._in_files(folder, "group_vars")

    def _in_files(self, folder: Path, kind: str) -> Iterator[tuple[str, str]]:
        for file in sorted((folder / kind).rglob("*.yml")):
            for name in self._load(file):
                yield file.relative_to(folder).as_posix(), name

    def _load(self, path: Path) -> dict[str, Any]:
        data = self._loader.load_from_file(str(path)) or {}
        if not isinstance(data, dict):
            raise AnsibleError(f"{path}: must be a mapping")
        return data


def group_names(groups: dict[str, Any]) -> Iterator[str]:
    """The variables that a hosts file sets for groups, however deep."""
    for group in (group for group in groups.values() if group):
        yield from group.get("vars") or {}
        yield from group_names(group.get("children") or {})


def host_names(groups: dict[str, Any]) -> Iterator[str]:
    """The variables that a hosts file sets for single hosts, however deep."""
    for group in (group for group in groups.values() if group):
        for host in (group.get("hosts") or {}).values():
            yield from host or {}
        yield from host_names(group.get("children") or {})


def complaint(name: str, where: str, declared: Iterable[str], former: Mapping[str, str]) -> str:
    """One sentence that says what is wrong and what was probably meant."""
    if name in former:
        return f"{where}: {name} {former[name]}"
    near = difflib.get_close_matches(name, declared, n=1)
    hint = f"; did you mean {near[0]}?" if near else ""
    inner = " Settings of the workers go into agent_settings." if name.startswith("agent_") else ""
    return f"{where}: nothing reads the variable {name}{hint}{inner}"
