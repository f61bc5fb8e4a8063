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
