"""The firewall is what the kernel has, whoever has changed it and whatever systemd says of its unit."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.support import fleet, operations
from tests.support.wait import until

pytestmark = pytest.mark.timeout(400)
TABLE = "nft list table inet warmline"
CHANGES = {
    "a flush": "nft flush ruleset",
    "a restart of Debian's own service": "systemctl restart nftables && systemctl stop nftables",
    "a rule of somebody's own": "nft insert rule inet warmline input tcp dport 8201 accept",
    "a policy that lets everything in": "nft chain inet warmline input '{ policy accept; }'",
    "a table that sleeps": "nft add table inet warmline '{ flags dormant; }'",
}


def repairs(name: str) -> float:
    """What Prometheus knows of how often a host's rules were put back."""
    return sum(float(one["value"][1]) for one in fleet.query(f'warmline_firewall_repairs_total{{host="{name}"}}'))


@contextmanager
def unwatched(name: str) -> Iterator[None]:
    """Nobody looks after the host's rules but deploys."""
    fleet.host(name).check_output("systemctl stop warmline-firewall-watch.timer warmline-firewall-watch.service")
    try:
        yield
    finally:
        fleet.host(name).check_output("systemctl start warmline-firewall-watch.timer")


@pytest.mark.parametrize("what", CHANGES)
def test_the_firewall_is_back_within_seconds_after(what: str) -> None:
    host, before = fleet.host("agent-2"), repairs("agent-2")
    rules = host.check_output(TABLE)
    host.check_output(CHANGES[what])
    until(lambda: host.run(TABLE).stdout.strip() == rules, seconds=30, what="the rules to be back")
    assert not fleet.connects("redis-1", fleet.addresses()["agent-2"], fleet.slot("agent-2", 1)["admin_port"])
    until(lambda: repairs("agent-2") == before + 1, seconds=30, what="Prometheus to know")


def test_a_deploy_puts_back_what_the_kernel_has_lost_and_a_plan_shows_it() -> None:
    host = fleet.host("agent-2")
    rules = host.check_output(TABLE)
    with unwatched("agent-2"):
        host.check_output("nft flush ruleset")
        assert host.check_output("systemctl is-active warmline-firewall") == "active"
        plan = operations.done(operations.playbook("provision", "--limit", "agent-2", "--check"))
        assert operations.changes(plan) == {"agent-2": 2}, plan  # what differs, and what loads it
        assert host.run(TABLE).rc != 0
        assert operations.changes(operations.done(operations.playbook("provision", "--limit", "agent-2")))["agent-2"]
        assert host.check_output(TABLE) == rules
    again = operations.done(operations.playbook("provision", "--limit", "agent-2"))
    assert operations.changes(again) == {"agent-2": 0}
