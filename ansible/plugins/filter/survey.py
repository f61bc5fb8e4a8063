"""Whether hosts are as the fleet needs them: what `playbooks/files/survey.sh` found, judged. Pure.

A *finding* has the `host`, `what` was looked at, what was `found`, and its `mark`: ok, warn or FAIL. One that is not
ok has what is `wanted`, and what would `mend` it: a command, or a line of the inventory.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

Json = dict[str, Any]
Finding = dict[str, str]
Host = Mapping[str, Any]

OLDEST = {"debian": (12, 0), "ubuntu": (22, 4)}
ARCHITECTURES = {"x86_64", "amd64", "aarch64", "arm64"}
OLDEST_ENGINE = (20, 10)
CLOCK_SECONDS = 5.0
"""How far a host's clock may be from this machine's; a second or two of it is the way to the host."""
ANSWERS = re.compile(r"[1-5]\d\d")

ENGINES = {
    "rootless": "it has no network of the host's: `systemctl enable --now docker`, or uninstall it",
    "podman": "podman's docker is no Docker Engine: `apt-get remove podman-docker`",
    "snap": "a snap cannot read the fleet's files: `snap remove docker`",
}


def parse(text: str) -> Json:
    """The facts of a host. `ended` is missing where the script did not get to its end."""
    facts: Json = {"urls": {}, "names": {}, "listens": [], "daemon": [], "firewalls": []}
    lists = {"daemon": "daemon", "firewall": "firewalls"}
    for line in text.splitlines():
        key, _, rest = line.strip().partition(" ")
        if key in {"url", "name"}:
            about, _, said = rest.partition(" ")
            facts[f"{key}s"][about] = said.strip()
        elif key == "listens":
            facts["listens"].append(rest.split())
        elif key in lists:
            facts[lists[key]].append(rest)
        elif key == "end":
            facts["ended"] = True
        else:
            facts[key] = rest.strip()
    return facts


def survey(hosts: Iterable[Host]) -> list[Finding]:
    """All findings of the hosts where the script came to its end as root.

    A host has its `name`, what is wanted of it, and `answer`: what Ansible registered of the script.
    """
    read = ((host, parse(str(host["answer"].get("stdout", "")))) for host in hosts)
    return [
        check(host, facts) for host, facts in read if facts.get("ended") and facts["uid"] == "0" for check in CHECKS
    ]


def judge_system(host: Host, facts: Json) -> Finding:
    """Distribution, kind of processor, and systemd."""
    name, version = [*facts["distribution"].split(), "", ""][:2]
    found = f"{name.capitalize()} {version}"
    oldest = OLDEST.get(name)
    if oldest is None or _version(version) < oldest:
        wanted = "Debian 12 or Ubuntu 22.04, or newer"
        return fail(host, "system", found, wanted, "reinstall or upgrade the host, or take it out of the inventory")
    if facts["architecture"] not in ARCHITECTURES:
        return fail(host, "system", facts["architecture"], "amd64 or arm64", "take it out of the inventory")
    if facts["init"] != "systemd":
        return fail(host, "system", f"{facts['init']} as its first process", "systemd", "take a host that systemd runs")
    return fine(host, "system", found)


def judge_memory(host: Host, facts: Json) -> Finding:
    """Memory against all that will run there at once."""
    have, needs = int(facts["memory"]), {one["what"]: int(one["mib"]) for one in host["needs"]}
    if sum(needs.values()) <= have:
        return fine(host, "memory", f"{have} MiB")
    parts = ", ".join(f"{what} {mib}" for what, mib in needs.items())
    mend = "take a bigger host, or lower fleet_workers_per_host, agent_memory_mib or fleet_redis_*_mib"
    return fail(host, "memory", f"{have} MiB", f"{sum(needs.values())} MiB ({parts})", mend)


def judge_disk(host: Host, facts: Json) -> Finding:
    """Free disk where Docker keeps images; on a host that serves already, for the next release alone."""
    have, root = facts["disk"].split()
    wanted = int(host["disk_again" if _serves(facts) else "disk"])
    if int(have) >= wanted:
        return fine(host, "disk", f"{int(have) // 1024} GiB")
    return fail(host, "disk", f"{have} MiB free in {root}", f"{wanted} MiB", "`docker system prune`, or a bigger disk")


def judge_docker(host: Host, facts: Json) -> Finding:
    """The engine that is there, if one is."""
    kind, engine = facts["docker"], facts.get("engine", "")
    if kind in ENGINES:
        return fail(host, "Docker", kind, "none, docker-ce or docker.io", ENGINES[kind])
    if facts.get("swarm", "inactive") not in {"", "inactive"}:
        return fail(host, "Docker", "a node of a swarm", "none: it forbids live-restore", "`docker swarm leave`")
    if "unreadable" in facts["daemon"]:
        return fail(
            host, "Docker", "/etc/docker/daemon.json is no JSON", "JSON", "mend it: `dockerd --validate` says where"
        )
    if "live-restore" in facts["daemon"]:
        mend = "take `live-restore` out of /etc/docker/daemon.json; with false a restart of Docker ends all containers"
        return fail(host, "Docker", "live-restore is false", "true, or left out", mend)
    if engine and _version(engine) < OLDEST_ENGINE:
        return fail(
            host, "Docker", f"{kind} {engine}", "20.10 or newer", "upgrade it with the package manager that it came by"
        )
    return fine(host, "Docker", f"{kind} {engine}".strip())


def judge_ports(host: Host, facts: Json) -> Finding:
    """Ports that the fleet will listen on and somebody else's program does."""
    wanted = {int(port): str(why) for port, why in host["ports"].items()}
    for found in facts["listens"]:
        if found == ["untried"]:
            return warn(host, "ports", "not looked at", "ss", "`apt-get install iproute2`; the deploy does so")
        protocol, address, program, process, whose = found
        port = address.rpartition(":")[2]
        if protocol == "tcp" and whose == "other" and port.isdecimal() and int(port) in wanted:
            said = f"{port} is {program}'s (process {process})"
            mend = f"stop that program, or let it listen elsewhere: `ss -ltnp 'sport = :{port}'`"
            return fail(host, "ports", said, f"{port} for {wanted[int(port)]}", mend)
    return fine(host, "ports", "free" if not _serves(facts) else "ours")


def judge_address(host: Host, facts: Json) -> Finding:
    """Whether the host has the address at which the others will look for it."""
    have = facts["addresses"].split()
    if host["fleet_address"] in have:
        return fine(host, "address", host["fleet_address"])
    choice = next((one for one in have if not one.startswith(("127.", "172.17.", "169.254."))), "10.0.1.11")
    found = f"has {', '.join(have)}"
    return fail(host, "address", found, host["fleet_address"], f"set for this host: `fleet_address: {choice}`")


def judge_clock(host: Host, facts: Json) -> Finding:
    """The host's clock against this machine's."""
    apart = float(facts["clock"]) - float(facts["sent"])
    if abs(apart) <= CLOCK_SECONDS:
        return fine(host, "clock", f"{apart:+.1f} s")
    mend = (
        "`timedatectl set-ntp true` on the host, after `apt-get install systemd-timesyncd`; or set this machine's clock"
    )
    return fail(host, "clock", f"{apart:+.1f} s from this machine's", f"within {CLOCK_SECONDS:.0f} s", mend)


def judge_names(host: Host, facts: Json) -> Finding:
    """Names that the host must know."""
    unknown = [name for name, found in facts["names"].items() if not found]
    if unknown:
        mend = "see /etc/resolv.conf on the host, or write the name into its /etc/hosts"
        return fail(host, "DNS", f"does not know {', '.join(unknown)}", "an address", mend)
    return fine(host, "DNS", "ok")


def judge_registry(host: Host, facts: Json) -> Finding:
    """The registry's answer to this host: 200, or 401 where it wants a login."""
    url = host["registry"]
    said = facts["urls"].get(url, "not asked")
    mend = _insecure(url) if "certificate" in said or "SSL" in said else f"let the host reach it: `curl {url}` there"
    if said == "untried":
        return warn(host, "registry", "not asked", "curl or Python", "`apt-get install curl`; the deploy does so")
    if not ANSWERS.fullmatch(said):
        return fail(host, "registry", f"no answer of {url}: {said}", "200", mend)
    if said == "401":
        return warn(host, "registry", "wants a login", "200", f"on the host: `docker login {urlsplit(url).netloc}`")
    return (
        fine(host, "registry", said) if said == "200" else fail(host, "registry", f"{url} answers {said}", "200", mend)
    )


def _insecure(url: str) -> str:
    name = urlsplit(url).netloc
    return (
        f"put its authority into /etc/docker/certs.d/{name}/ca.crt on the host; of a registry without TLS:"
        f" `docker_engine_insecure_registries: [{name}]`"
    )


def judge_providers(host: Host, facts: Json) -> Finding:
    """Whether the host reaches the providers at all: any answer will do."""
    for url in host["providers"]:
        said = facts["urls"].get(url, "not asked")
        if not (ANSWERS.fullmatch(said) or said == "untried"):
            return fail(
                host, "providers", f"no answer of {url}: {said}", "an answer", f"let the host out: `curl {url}` there"
            )
    return fine(host, "providers", "ok" if host["providers"] else "-")


def judge_firewall(host: Host, facts: Json) -> Finding:
    """Another firewall, which would refuse what ours lets in."""
    if facts["firewalls"]:
        name = facts["firewalls"][0]
        mend = f"`systemctl disable --now {name}`: Warmline's own says who may connect, fleet_open_extra what else"
        return fail(host, "firewall", f"{name} is active", "none but Warmline's", mend)
    return fine(host, "firewall", "ok")


CHECKS: Sequence[Callable[[Host, Json], Finding]] = (
    judge_system,
    judge_memory,
    judge_disk,
    judge_address,
    judge_docker,
    judge_ports,
    judge_firewall,
    judge_clock,
    judge_names,
    judge_registry,
    judge_providers,
)


def fine(host: Host, what: str, found: str) -> Finding:
    """What is as it should be."""
    return {"host": str(host["name"]), "what": what, "found": found, "mark": "ok"}


def warn(host: Host, what: str, found: str, wanted: str, mend: str) -> Finding:
    """What may be as it should be."""
    return {**fine(host, what, found), "mark": "warn", "wanted": wanted, "mend": mend}


def fail(host: Host, what: str, found: str, wanted: str, mend: str) -> Finding:
    """What stops a deploy."""
    return {**warn(host, what, found, wanted, mend), "mark": "FAIL"}


def _version(text: str) -> tuple[int, int]:
    major, minor = [*re.findall(r"\d+", text), "0", "0"][:2]
    return int(major), int(minor)


def _serves(facts: Json) -> bool:
    return not facts.get("containers", "0").startswith("0")


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, object]:
        """The filter by the name that playbooks use."""
        return {"warmline_survey": survey}
