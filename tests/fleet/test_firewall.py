"""The firewall is what the kernel has, whoever has changed it and whatever systemd says of its unit."""

import pytest

from tests.support import fleet
from tests.support.time.wait import until

pytestmark = pytest.mark.timeout(200)
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


@pytest.mark.parametrize("what", CHANGES)
def test_the_firewall_is_back_within_seconds_after(what: str) -> None:
    host, before = fleet.host("agent-2"), repairs("agent-2")
    rules = host.check_output(TABLE)
    host.check_output(CHANGES[what])
    until(lambda: host.run(TABLE).stdout.strip() == rules, seconds=30, what="the rules to be back")
    assert not fleet.connects("redis-1", fleet.addresses()["agent-2"], fleet.slot("agent-2", 1)["admin_port"])
    until(lambda: repairs("agent-2") == before + 1, seconds=30, what="Prometheus to know")


def test_rules_that_lock_us_out_are_taken_back_by_themselves() -> None:
    """Tried for two seconds, so that this does not wait for a minute."""
    host, program = fleet.host("agent-2"), "/usr/local/libexec/warmline-firewall /etc/warmline/firewall.nft"
    before = host.check_output(TABLE)
    host.check_output("sed '/sshd/d' /etc/warmline/firewall.new.nft >/tmp/locked.nft")
    host.check_output(f"{program} try /tmp/locked.nft 2")
    assert not fleet.connects("redis-1", fleet.addresses()["agent-2"], 22)
    until(lambda: fleet.connects("redis-1", fleet.addresses()["agent-2"], 22), seconds=30, what="a way in")
    assert host.check_output(TABLE) == before
    assert "taken back" in host.run(f"{program} keep /tmp/locked.nft").stderr
