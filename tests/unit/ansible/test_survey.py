"""Each typical mistake of a host is found before anything is changed, in a sentence with the host and the cure."""

from typing import Any

import pytest

from tests.support.tree.plugins import load

survey = load("filter", "survey")
sentence = load("filter", "report").sentence

DEBIAN_13 = """
clock 1796070346.511571913
sent 1796070346.300000
uid 0
distribution debian 13
architecture x86_64
init systemd
memory 24105
addresses 127.0.0.1 172.17.0.1 10.0.1.11
url https://registry.example.com/v2/ 200
url https://api.example.com 404
name registry.example.com 203.0.113.9
engine 26.1.5+dfsg1
swarm inactive
containers 3 3
docker docker.io
disk 74829 /var/lib/docker
listens tcp 0.0.0.0:22 sshd 72 other
listens tcp 0.0.0.0:443 nginx 2050 ours
listens tcp 0.0.0.0:80 nginx 2050 ours
listens tcp 127.0.0.11:46623 - 0 other
listens tcp 10.0.1.11:9113 nginx-prometheu 2132 ours
listens tcp [::]:22 sshd 72 other
listens udp 127.0.0.11:54786 - 0 other
end
"""
"""As the script answered on a host of the staging fleet, with another address and a registry."""
FRESH = {
    "Debian 12": "distribution debian 12\narchitecture x86_64\ndocker none\ncontainers 0 0\ndisk 17000 /var/lib",
    "Ubuntu 22.04": "distribution ubuntu 22.04\narchitecture aarch64\ndocker docker-ce\nengine 27.3.1\ncontainers 0 4",
    "Ubuntu 24.04": "distribution ubuntu 24.04\narchitecture x86_64\ndocker none\ncontainers 0 0\ndisk 17000 /var/lib",
}
"""What differs on hosts that serve nothing yet; one has Docker's own engine, with containers of others."""


def host(answer: str = DEBIAN_13, **wanted: Any) -> dict[str, Any]:
    """A host, what is wanted of it, and what the script answered."""
    return {
        "name": "edge-1",
        "fleet_address": "10.0.1.11",
        "needs": [{"what": "4 workers", "mib": 2048}, {"what": "the system", "mib": 384}],
        "disk": 6000,
        "disk_again": 1536,
        "ports": {"80": "the fleet", "443": "the fleet", "9113": "the fleet"},
        "registry": "https://registry.example.com/v2/",
        "providers": ["https://api.example.com"],
        "answer": {"stdout": answer, "rc": 0},
        **wanted,
    }


def changed(*lines: str) -> str:
    """The answer with other facts of the same names, and those that are new."""
    keys = [" ".join(line.split()[: 2 if line.split()[0] in {"url", "name"} else 1]) + " " for line in lines]
    kept = [line for line in DEBIAN_13.splitlines() if not line.startswith(tuple(keys))]
    return "\n".join([*kept[:-1], *lines, kept[-1]])


def wrong(**host_: Any) -> str:
    """The one sentence about a host with one mistake."""
    (finding,) = [one for one in survey.survey([host(**host_)]) if one["mark"] != "ok"]
    said: str = sentence(finding)
    return said


def test_a_host_as_it_should_be_has_no_finding_but_what_it_has() -> None:
    found = survey.survey([host()])
    assert {one["mark"] for one in found} == {"ok"}
    assert {one["what"]: one["found"] for one in found} == {
        "system": "Debian 13",
        "memory": "24105 MiB",
        "disk": "73 GiB",
        "address": "10.0.1.11",
        "Docker": "docker.io 26.1.5+dfsg1",
        "ports": "ours",
        "firewall": "ok",
        "clock": "+0.2 s",
        "DNS": "ok",
        "registry": "200",
        "providers": "ok",
    }


@pytest.mark.parametrize("name", FRESH)
def test_a_fresh_host_of_each_distribution_will_do(name: str) -> None:
    answer = changed(*FRESH[name].splitlines(), "listens tcp 0.0.0.0:22 sshd 72 other")
    assert {one["mark"] for one in survey.survey([host(answer)])} == {"ok"}


def test_too_little_memory_for_the_workers_is_said_with_what_needs_it() -> None:
    assert wrong(answer=changed("memory 991")) == (
        "FAIL edge-1 memory: 991 MiB; wanted: 2432 MiB (4 workers 2048, the system 384)."
        " To mend it: take a bigger host, or lower fleet_workers_per_host, agent_memory_mib or fleet_redis_*_mib"
    )


def test_a_port_that_another_program_has_is_named_with_the_program() -> None:
    said = wrong(answer=changed("listens tcp 0.0.0.0:80 apache2 812 other"))
    assert said.startswith("FAIL edge-1 ports: 80 is apache2's (process 812); wanted: 80 for the fleet.")
    assert "ss -ltnp 'sport = :80'" in said


@pytest.mark.parametrize("seconds", [10.0, -10.0])
def test_a_clock_ten_seconds_off_is_found(seconds: float) -> None:
    said = wrong(answer=changed(f"clock {1796070346.3 + seconds}"))
    assert said.startswith(f"FAIL edge-1 clock: {seconds:+.1f} s from this machine's; wanted: within 5 s.")
    assert "timedatectl set-ntp true" in said


@pytest.mark.parametrize(
    ("answer", "cure"),
    [
        ("curl: (7) Failed to connect to registry.example.com port 443", "curl https://registry.example.com/v2/"),
        ("curl: (60) SSL certificate problem: self-signed", "/etc/docker/certs.d/registry.example.com/ca.crt"),
        ("500", "curl https://registry.example.com/v2/"),
    ],
)
def test_a_registry_that_one_host_cannot_use_is_named_with_the_host(answer: str, cure: str) -> None:
    said = wrong(answer=changed(f"url https://registry.example.com/v2/ {answer}"))
    assert said.startswith("FAIL edge-1 registry: ")
    assert answer in said
    assert cure in said


def test_a_registry_that_wants_a_login_is_a_warning_with_the_command() -> None:
    said = wrong(answer=changed("url https://registry.example.com/v2/ 401"))
    assert said.startswith("warn edge-1 registry: wants a login")
    assert "docker login registry.example.com" in said


def test_an_address_that_the_host_has_not_is_told_with_one_that_it_has() -> None:
    assert wrong(fleet_address="203.0.113.7").endswith("To mend it: set for this host: `fleet_address: 10.0.1.11`")


@pytest.mark.parametrize(
    ("kind", "cure"),
    [("rootless", "systemctl enable --now docker"), ("podman", "remove podman-docker"), ("snap", "snap remove docker")],
)
def test_a_docker_that_cannot_work_is_refused_by_its_name(kind: str, cure: str) -> None:
    said = wrong(answer=changed(f"docker {kind}"))
    assert said.startswith(f"FAIL edge-1 Docker: {kind};")
    assert cure in said


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("swarm active", "a node of a swarm"),
        ("engine 19.03.8", "docker.io 19.03.8"),
        ("daemon unreadable", "/etc/docker/daemon.json is no JSON"),
        ("daemon live-restore", "live-restore is false"),
    ],
)
def test_an_engine_that_our_settings_would_break_is_refused(line: str, found: str) -> None:
    assert wrong(answer=changed(line)).startswith(f"FAIL edge-1 Docker: {found}; wanted:")


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("distribution debian 11", "Debian 11"),
        ("distribution ubuntu 20.04", "Ubuntu 20.04"),
        ("distribution fedora 41", "Fedora 41"),
        ("architecture armv7l", "armv7l"),
        ("init openrc", "openrc as its first process"),
    ],
)
def test_a_system_that_the_fleet_does_not_run_on_is_refused(line: str, found: str) -> None:
    assert wrong(answer=changed(line)).startswith(f"FAIL edge-1 system: {found}; wanted:")


def test_another_firewall_is_told_with_what_to_do_about_it() -> None:
    said = wrong(answer=changed("firewall ufw"))
    assert said.startswith("FAIL edge-1 firewall: ufw is active")
    assert "systemctl disable --now ufw" in said


def test_a_name_that_the_host_does_not_know_is_said() -> None:
    said = wrong(answer=changed("name registry.example.com "))
    assert said.startswith("FAIL edge-1 DNS: does not know registry.example.com")


def test_a_provider_that_does_not_answer_the_host_is_said() -> None:
    said = wrong(answer=changed("url https://api.example.com curl: (28) Connection timed out"))
    assert said.startswith("FAIL edge-1 providers: no answer of https://api.example.com: curl: (28)")


def test_a_host_that_serves_needs_room_for_the_next_release_alone() -> None:
    assert {one["mark"] for one in survey.survey([host(changed("disk 2000 /var/lib/docker"))])} == {"ok"}
    said = wrong(answer=changed("disk 2000 /var/lib/docker", "containers 0 0"))
    assert said.startswith("FAIL edge-1 disk: 2000 MiB free in /var/lib/docker; wanted: 6000 MiB")


def test_what_a_bare_host_has_no_program_for_is_a_warning() -> None:
    lines = [f"url {url} untried" for url in ("https://registry.example.com/v2/", "https://api.example.com")]
    found = survey.survey([host(changed("listens untried", *lines))])
    assert {one["what"]: one["mark"] for one in found if one["mark"] != "ok"} == {"ports": "warn", "registry": "warn"}


@pytest.mark.parametrize("answer", ["", "uid 0\ndistribution debian 13", DEBIAN_13.replace("uid 0", "uid 1000")])
def test_a_host_whose_answer_is_not_whole_or_not_roots_is_not_judged_by_it(answer: str) -> None:
    assert survey.survey([host(answer)]) == []
