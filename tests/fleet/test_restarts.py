"""Docker would start every container again after a crash or a reboot: it shows that to nobody, our program does."""

import pytest

from tests.support import fleet
from tests.support.time.wait import until

PROGRAM = "/usr/local/libexec/warmline-given-up"
LIST = f"{PROGRAM} list"


@pytest.mark.parametrize("name", sorted(fleet.addresses()))
def test_docker_would_start_every_container_of_a_host_again(name: str) -> None:
    assert fleet.host(name).check_output(LIST) == ""


def test_a_container_that_would_stay_away_is_told_to_prometheus_until_it_was_restarted() -> None:
    host, container = fleet.host("redis-1"), "warmline-redis-exporter-cache"

    def told() -> list[str]:
        host.check_output(f"{PROGRAM} watch /var/lib/warmline/textfile/given-up.prom")  # as its timer does each minute
        return [one["metric"]["name"] for one in fleet.query('warmline_container_given_up{host="redis-1"} == 1')]

    host.check_output(f"docker kill --{'signal'} WINCH {container}")
    try:
        assert host.check_output(LIST) == f"redis-exporter-cache {container}"
        until(lambda: told() == [container], seconds=30, what="Prometheus to know")
    finally:
        host.check_output(f"docker restart {container}")
    until(lambda: told() == [], seconds=30, what="Prometheus to know that it is over")
