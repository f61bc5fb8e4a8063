"""A deploy puts right what is not as it was deployed, whoever changed it and whatever its unit or its file says."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from tests.support import fleet
from tests.support.fleet import operations
from tests.support.time.wait import until

pytestmark = [pytest.mark.timeout(900), pytest.mark.long]
MONITOR, AGENT = "monitor-1", "agent-2"
GIVEN_UP = "/usr/local/libexec/warmline-given-up list"
TABLE = "nft list table inet warmline"
FILES = {
    "warmline-prometheus": "/etc/warmline/prometheus/rules/cache.yml",
    "warmline-alertmanager": "/etc/warmline/alertmanager/alertmanager.yml",
    "warmline-blackbox-exporter": "/etc/warmline/blackbox-exporter/config.yml",
}
LOOPBACK = {"warmline-alertmanager": "127.0.0.1:9093", "warmline-blackbox-exporter": "127.0.0.1:9115"}


@dataclass(frozen=True)
class Mended:
    """The changes that a plan showed and a deploy made, by host, and the firewall before, between and after."""

    planned: dict[str, int]
    changed: dict[str, int]
    rules: tuple[str, str, str]


@contextmanager
def unwatched(name: str) -> Iterator[None]:
    """Nobody looks after the host's rules but deploys."""
    fleet.host(name).check_output("systemctl stop warmline-firewall-watch.timer warmline-firewall-watch.service")
    try:
        yield
    finally:
        fleet.host(name).check_output("systemctl start warmline-firewall-watch.timer")


@pytest.fixture(scope="module")
def mended() -> Iterator[Mended]:
    monitor, agent = fleet.host(MONITOR), fleet.host(AGENT)
    before = agent.check_output(TABLE)
    with unwatched(AGENT):
        agent.check_output("nft flush ruleset")
        # One is changed, one is only younger than what was read, one was signalled as former versions did.
        monitor.check_output("echo '# a test' >> %s", FILES["warmline-prometheus"])
        monitor.check_output("touch %s", FILES["warmline-alertmanager"])
        monitor.check_output("docker kill --" + "signal HUP warmline-blackbox-exporter")
        planned = operations.changes(operations.done(operations.playbook("deploy", "--check")))
        between = agent.run(TABLE).stdout.strip()
        changed = operations.changes(operations.done(operations.rollout("deploy")))
        yield Mended(planned, changed, (before, between, agent.run(TABLE).stdout.strip()))


def test_a_deploy_puts_back_the_firewall_that_the_kernel_has_lost(mended: Mended) -> None:
    before, between, after = mended.rules
    assert between == ""
    assert after == before
    assert mended.changed[AGENT] > 0
    assert fleet.host(AGENT).check_output("systemctl is-active warmline-firewall") == "active"


def test_a_plan_shows_it_and_changes_nothing(mended: Mended) -> None:
    assert mended.planned[AGENT] > 0
    assert mended.planned[MONITOR] >= len(FILES)
    assert {name: count for name, count in mended.planned.items() if name not in {AGENT, MONITOR}} == dict.fromkeys(
        {*fleet.addresses(), "localhost"} - {AGENT, MONITOR}, 0
    )


def test_a_deploy_has_a_service_read_what_is_written(mended: Mended) -> None:
    assert mended.changed[MONITOR] >= len(FILES)
    assert "# a test" not in fleet.host(MONITOR).check_output("cat %s", FILES["warmline-prometheus"])
    for container, path in FILES.items():
        written = float(fleet.host(MONITOR).check_output("stat --format %%Z %s", path))
        assert read_at(container) >= written, path


def read_at(container: str) -> float:
    """When the service read its files last, by its own word."""
    address = f"{fleet.addresses()[MONITOR]}:9090" if container == "warmline-prometheus" else LOOPBACK[container]
    told = fleet.host(MONITOR).check_output("curl --silent http://%s/metrics", address)
    found = re.search(r"^\w+_config_last_reload_success_timestamp_seconds (\S+)$", told, re.MULTILINE)
    assert found
    return float(found[1])


@pytest.mark.parametrize("container", FILES)
def test_what_was_reloaded_comes_back_after_a_crash(mended: Mended, container: str) -> None:
    host = fleet.host(MONITOR)
    assert mended.changed
    assert host.check_output(GIVEN_UP) == ""

    def restarts() -> str:
        return str(
            host.check_output(f"docker inspect --format '{{{{.RestartCount}}}} {{{{.State.Running}}}}' {container}")
        )

    count = int(restarts().split()[0])
    host.check_output(f"kill -9 $(docker inspect --format '{{{{.State.Pid}}}}' {container})")
    until(lambda: restarts() == f"{count + 1} true", seconds=30, what=f"{container} to be back")
