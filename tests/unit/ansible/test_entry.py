"""A host that does not let us in is one line, with what would help; its neighbours are judged all the same."""

from typing import Any

import pytest

from tests.support.tree.plugins import load

entry = load("filter", "entry")
report = load("filter", "report")
PRELUDE = "Task failed: Failed to connect to the host via ssh: "


def host(**registered: Any) -> dict[str, Any]:
    """A host that lets us in, but for what is said."""
    reached = {"rc": 0, "stdout": "10.0.0.2 51000 10.0.1.11 22\n"}
    answer = {"rc": 0, "stdout": "uid 0\r\nend\r\n"}
    wanted = {"name": "edge-1", "address": "edge-1.example.com", "port": 22, "opens": 22, "user": "deploy"}
    return {**wanted, "reached": reached, "answer": answer, **registered}


def only(**registered: Any) -> str:
    """The one sentence about a host."""
    (said,) = report.fails(entry.enter([host(**registered)]))
    return str(said)


def test_a_host_that_lets_us_in_as_root_is_fine() -> None:
    found = entry.enter([host()])
    assert [(one["what"], one["mark"]) for one in found] == [("reach", "ok"), ("sudo", "ok")]


@pytest.mark.parametrize(
    ("message", "cure"),
    [
        ("ssh: connect to host edge-1 port 22: No route to host", "ssh -p 22 deploy@edge-1.example.com"),
        ("ssh: connect to host edge-1 port 22: Connection timed out", "start the host"),
        ("ssh: connect to host edge-1 port 22: Connection refused", "set `ansible_port` to that of its sshd"),
        ("ssh: Could not resolve hostname edge-1: Name or service not known", "`ansible_host: 203.0.113.7`"),
        ("deploy@edge-1: Permission denied (publickey).", "ssh-copy-id -p 22 deploy@edge-1.example.com"),
        ("Host key verification failed.", "ssh-keyscan -p 22 edge-1.example.com >>~/.ssh/known_hosts"),
        ("kex_exchange_identification: read: Connection reset by peer", "try `ssh -p 22 deploy@edge-1.example.com`"),
    ],
)
def test_a_host_that_does_not_answer_is_one_line_with_address_port_and_cure(message: str, cure: str) -> None:
    said = only(reached={"unreachable": True, "msg": PRELUDE + message}, answer={"skipped": True})
    assert said.startswith("FAIL edge-1 reach: does not let us in at edge-1.example.com port 22: ")
    assert "\n" not in said
    assert cure in said


def test_ssh_on_another_port_than_the_firewall_would_open_is_found_by_what_the_host_says() -> None:
    said = only(reached={"rc": 0, "stdout": "10.0.0.2 51000 10.0.1.11 2222\n"})
    assert said.startswith("FAIL edge-1 reach: sshd listens on port 2222; wanted: port 22")
    assert "base_ssh_port: 2222" in said


@pytest.mark.parametrize(
    ("answer", "cure"),
    [
        ({"failed": True, "msg": "Missing sudo password"}, "ansible_become_password"),
        ({"rc": 1, "stdout": "", "stderr": "sudo: a password is required"}, "ASK_SUDO=1"),
        ({"unreachable": True, "msg": "Timeout (12s) waiting for privilege escalation prompt:"}, "vault_sudo"),
        ({"failed": True, "msg": "Incorrect sudo password"}, "the right one"),
        ({"rc": 127, "stdout": "/bin/sh: 1: sudo: not found\r\n"}, "apt-get install sudo"),
        ({"rc": 1, "stdout": "deploy is not in the sudoers file.\r\n"}, "/etc/sudoers.d/deploy"),
        ({"rc": 0, "stdout": "uid 1000\nend\n"}, "ansible_become: true"),
    ],
)
def test_sudo_that_does_not_make_us_root_is_named_with_its_cure(answer: dict[str, Any], cure: str) -> None:
    said = only(answer=answer)
    assert said.startswith("FAIL edge-1 sudo: ")
    assert "deploy" in said
    assert cure in said


def test_a_host_that_is_away_hides_nothing_of_the_others() -> None:
    away = host(name="edge-2", reached={"unreachable": True, "msg": PRELUDE + "no route to host"}, answer={})
    found = entry.enter([away, host(), host(name="edge-3")])
    assert [one["host"] for one in found] == ["edge-2", "edge-1", "edge-1", "edge-3", "edge-3"]


def test_what_is_wanted_of_a_host_comes_with_what_was_registered() -> None:
    variables = {"a": {"fleet_survey": {"name": "a"}, "survey_reached": {"rc": 0}, "survey_answer": {"rc": 1}, "x": 1}}
    assert entry.looks(variables, ["a"]) == [{"name": "a", "reached": {"rc": 0}, "answer": {"rc": 1}}]


FOUND = [
    {"host": "edge-1", "what": "reach", "found": "ok", "mark": "ok"},
    {"host": "edge-1", "what": "disk", "found": "2 MiB", "mark": "FAIL", "wanted": "3 MiB", "mend": "a bigger disk"},
    {"host": "edge-2", "what": "reach", "found": "x" * 30, "mark": "warn", "wanted": "y", "mend": "z"},
    {"host": "inventory", "what": "secrets", "found": "ok", "mark": "ok"},
]


def test_the_table_has_a_line_for_each_host_and_below_it_what_to_mend_first() -> None:
    assert report.report(FOUND) == [
        "        reach                       disk",
        "edge-1  ok                          ! 2 MiB",
        f"edge-2  ? {'x' * 23}…",
        "",
        "inventory: secrets ok",
        "",
        "FAIL edge-1 disk: 2 MiB; wanted: 3 MiB. To mend it: a bigger disk",
        f"warn edge-2 reach: {'x' * 30}; wanted: y. To mend it: z",
    ]


def test_only_what_fails_stops_a_deploy() -> None:
    assert report.fails(FOUND) == ["FAIL edge-1 disk: 2 MiB; wanted: 3 MiB. To mend it: a bigger disk"]
    assert report.fails(FOUND[2:]) == []
