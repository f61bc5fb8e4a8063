"""Whether Ansible gets into hosts and becomes root there, and what would help where it does not. Pure.

Findings are those of survey.py, which judges the rest.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

Finding = dict[str, str]
Host = Mapping[str, Any]

UNREACHABLE = {
    "could not resolve|name or service not known": "write its address: `ansible_host: 203.0.113.7`",
    "refused": "nothing listens on that port: set `ansible_port` to that of its sshd, or start sshd",
    "host key|identification has changed": (
        "compare its key, then: `ssh-keyscan -p {port} {address} >>~/.ssh/known_hosts`"
    ),
    "permission denied|publickey|too many authentication": (
        "let this machine's key in: `ssh-copy-id -p {port} {login}`, or set `ansible_user` and"
        " `ansible_ssh_private_key_file`"
    ),
    "timed out|timeout|no route|unreachable": (
        "start the host, let this machine through to that port, or set `ansible_host` and `ansible_port`;"
        " try `ssh -p {port} {login}`"
    ),
    "": "try `ssh -p {port} {login}`",
}
"""What would help, by what ssh said."""
SUDO = {
    "missing .*password|password is required|timeout": (
        'say the password: `ansible_become_password: "{{{{ vault_sudo }}}}"` with vault_sudo in vault.yml, or'
        " `make ... ASK_SUDO=1`"
    ),
    "incorrect .*password|try again": "put the right one into `ansible_become_password`",
    "not found|no such file": "as root on the host: `apt-get install sudo`",
    "": "as root on the host: `echo '{user} ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/{user}`",
}
"""What would help, by what Ansible or sudo said."""


def looks(hostvars: Mapping[str, Mapping[str, Any]], names: Iterable[str]) -> list[Host]:
    """The hosts of these names: what is wanted of each (`fleet_survey`), with what Ansible registered."""
    hosts = ((hostvars[name], hostvars[name]["fleet_survey"]) for name in names)
    return [{**wanted, "reached": of["survey_reached"], "answer": of["survey_answer"]} for of, wanted in hosts]


def enter(hosts: Iterable[Host]) -> list[Finding]:
    """Two findings of each host, or one of a host that is not reached.

    A host has its `name`, its `address`, `port` and `user` by the inventory, the port that the firewall `opens`, and
    what Ansible registered: `reached`, a look without more rights, and `answer`, the script as root.
    """
    return [finding for host in hosts for finding in _judge(host)]


def _judge(host: Host) -> list[Finding]:
    reach = judge_reach(host)
    return [reach] if reach["mark"] == "FAIL" else [reach, judge_sudo(host)]


def judge_reach(host: Host) -> Finding:
    """Whether SSH gets in, and by the port that the firewall will open."""
    reached, where = host["reached"], f"{host['address']} port {host['port']}"
    if reached.get("rc", 255) != 0 or reached.get("unreachable"):
        said = _last(reached)
        return fail(host, "reach", f"does not let us in at {where}: {said}", "SSH", _cure(UNREACHABLE, said, host))
    own = str(reached.get("stdout", "")).split()[-1:] or [str(host["opens"])]
    if own[0].isdecimal() and own[0] != str(host["opens"]):
        wanted = f"port {host['opens']}, which the firewall would leave open alone"
        return fail(
            host, "reach", f"sshd listens on port {own[0]}", wanted, f"set for this host: `base_ssh_port: {own[0]}`"
        )
    return fine(host, "reach", "ok")


def judge_sudo(host: Host) -> Finding:
    """Whether Ansible becomes root."""
    lines = str(host["answer"].get("stdout", "")).splitlines()
    if "end" in lines and "uid 0" in lines:
        return fine(host, "sudo", "ok")
    if "end" in lines:
        return fail(host, "sudo", f"comes in as {host['user']}", "root", "set `ansible_become: true`")
    said = _last(host["answer"])
    return fail(host, "sudo", f"{host['user']} does not become root: {said}", "root", _cure(SUDO, said, host))


def fine(host: Host, what: str, found: str) -> Finding:
    """What is as it should be."""
    return {"host": str(host["name"]), "what": what, "found": found, "mark": "ok"}


def fail(host: Host, what: str, found: str, wanted: str, mend: str) -> Finding:
    """What stops a deploy."""
    return {**fine(host, what, found), "mark": "FAIL", "wanted": wanted, "mend": mend}


def _cure(known: Mapping[str, str], said: str, host: Host) -> str:
    mend = next(mend for pattern, mend in known.items() if re.search(pattern, said, re.IGNORECASE))
    return mend.format(**_names(host))


def _names(host: Host) -> dict[str, str]:
    names = {name: str(host[name]) for name in ("address", "port", "user")}
    return {**names, "login": f"{names['user']}@{names['address']}"}


def _last(result: Mapping[str, Any]) -> str:
    """The last line of what went wrong, without Ansible's and ssh's own preludes."""
    text = "\n".join(str(result.get(name) or "") for name in ("stdout", "stderr", "msg"))
    lines = [line.strip(" .") for line in text.splitlines() if line.strip()] or ["no word of why"]
    return re.sub(r"^.*(via ssh|ssh:|sudo:|Task failed): *", "", lines[-1])


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, object]:
        """The filters by the names that playbooks use."""
        return {"warmline_looks": looks, "warmline_entries": enter}
