"""Containers come back after a crash, whatever deploys have done to them before."""

import json

import pytest

from tests.support import fleet, operations
from tests.support.wait import until

pytestmark = pytest.mark.timeout(400)
HOSTS = sorted(fleet.addresses())
MONITOR = "monitor-1"
LIST = "/usr/local/libexec/warmline-given-up list"
FILES = {
    "warmline-prometheus": "/etc/warmline/prometheus/rules/cache.yml",
    "warmline-alertmanager": "/etc/warmline/alertmanager/alertmanager.yml",
    "warmline-blackbox-exporter": "/etc/warmline/blackbox-exporter/config.yml",
}


def restarts(container: str) -> tuple[int, bool]:
    """How often Docker restarted a container of the monitor by itself, and whether it runs."""
    form = "[{{.RestartCount}}, {{.State.Running}}]"
    count, runs = json.loads(fleet.host(MONITOR).check_output(f"docker inspect --format '{form}' {container}"))
    return int(count), bool(runs)


def crash(container: str) -> None:
    """Its first process ends, by nobody's wish."""
    count, _ = restarts(container)
    fleet.host(MONITOR).check_output(f"kill -9 $(docker inspect --format '{{{{.State.Pid}}}}' {container})")
    until(lambda: restarts(container) == (count + 1, True), seconds=30, what=f"{container} to be back")


@pytest.mark.parametrize("name", HOSTS)
def test_docker_would_start_every_container_of_a_host_again(name: str) -> None:
    assert fleet.host(name).check_output(LIST) == ""


def test_what_has_read_changed_files_comes_back_after_a_crash() -> None:
    """Also where what is written was changed by somebody else: a deploy writes it anew and has it read."""
    for file in FILES.values():
        fleet.host(MONITOR).check_output(f"echo '# a test' >> {file}")
    assert operations.changes(operations.done(operations.playbook("monitors")))[MONITOR] >= len(FILES)
    assert operations.changes(operations.done(operations.playbook("monitors"))) == {MONITOR: 0}
    assert fleet.host(MONITOR).check_output(LIST) == ""
    for container in FILES:
        crash(container)


def test_a_deploy_has_a_service_read_what_was_written_and_not_read() -> None:
    fleet.host(MONITOR).check_output(f"touch {' '.join(FILES.values())}")
    assert operations.changes(operations.done(operations.playbook("monitors")))[MONITOR] >= len(FILES)
    assert operations.changes(operations.done(operations.playbook("monitors", "--check"))) == {MONITOR: 0}


def test_a_deploy_restarts_what_would_stay_away_after_a_crash() -> None:
    """As the deploys of former versions left it."""
    signal = "docker kill --" + "signal HUP warmline-blackbox-exporter"
    fleet.host(MONITOR).check_output(signal)
    assert fleet.host(MONITOR).check_output(LIST) == "blackbox-exporter warmline-blackbox-exporter"
    plan = operations.done(operations.playbook("provision", "--limit", MONITOR, "--check"))
    assert operations.changes(plan) == {MONITOR: 1}
    operations.done(operations.playbook("provision", "--limit", MONITOR))
    assert fleet.host(MONITOR).check_output(LIST) == ""
    crash("warmline-blackbox-exporter")
