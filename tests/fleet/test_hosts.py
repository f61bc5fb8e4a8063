"""What runs on each host, and as whom."""

import json
from typing import Any

import pytest

from tests.support import fleet
from tests.support.time.wait import until

HOSTS = sorted(fleet.addresses())
# A worker stands for the container of the colour that serves in its slot.
CONTAINERS = [
    *((name, f"worker {number}") for name, number in fleet.workers()),
    *((name, "warmline-node-exporter") for name in HOSTS),
    *((edge, name) for edge in ("edge-1", "edge-2") for name in ("warmline-nginx", "warmline-nginx-exporter")),
    ("redis-1", "warmline-redis-cache"),
    ("redis-1", "warmline-redis-state"),
    ("redis-1", "warmline-redis-exporter-cache"),
    ("redis-1", "warmline-redis-exporter-state"),
    ("monitor-1", "warmline-prometheus"),
    ("monitor-1", "warmline-alertmanager"),
    ("monitor-1", "warmline-blackbox-exporter"),
    *([("monitor-1", "warmline-grafana")] if fleet.has_grafana() else []),
    ("monitor-1", "warmline-simulator-sarvam"),
    ("monitor-1", "warmline-simulator-convex"),
    ("monitor-1", "warmline-simulator-pager"),
]
USERS = {
    "worker": "10001",
    "grafana": "472",
    **{service.replace("_", "-"): str(uid) for service, uid in fleet.uids().items()},
}


def container(host: str, name: str) -> str:
    """What a container of the table above is called now."""
    return str(fleet.slot(host, int(name.split()[1]))["container"]) if name.startswith("worker ") else name


def inspected(host: str, name: str) -> dict[str, Any]:
    found: dict[str, Any] = fleet.containers(host)[container(host, name)]
    return found


@pytest.mark.parametrize("name", HOSTS)
@pytest.mark.parametrize("service", ["docker", "warmline-firewall", "ssh"])
def test_a_service_runs_and_starts_with_the_host(name: str, service: str) -> None:
    found = fleet.host(name).service(service)
    assert found.is_running
    assert found.is_enabled


@pytest.mark.parametrize("name", HOSTS)
def test_a_host_runs_what_it_is_for_and_nothing_else(name: str) -> None:
    running = {called for called, one in fleet.containers(name).items() if one["State"]["Running"]}
    assert running == {container(host, one) for host, one in CONTAINERS if host == name}


@pytest.mark.parametrize("name", HOSTS)
def test_no_unit_of_a_host_has_failed(name: str) -> None:
    assert fleet.host(name).check_output("systemctl --failed --no-legend") == ""


@pytest.mark.parametrize(("name", "called"), CONTAINERS)
def test_a_container_is_confined(name: str, called: str) -> None:
    found = inspected(name, called)
    limits = found["HostConfig"]
    assert found["State"]["Running"]
    assert limits["ReadonlyRootfs"]
    assert limits["CapDrop"] == ["ALL"]
    assert "no-new-privileges:true" in limits["SecurityOpt"]
    assert limits["Memory"] > 0
    assert limits["PidsLimit"] > 0
    assert not limits["Privileged"]
    assert limits["RestartPolicy"]["Name"] == "unless-stopped"


@pytest.mark.parametrize(("name", "called"), [one for one in CONTAINERS if one[1] != "warmline-nginx"])
def test_a_container_runs_as_a_user_of_its_own_without_any_capability(name: str, called: str) -> None:
    service = called.removeprefix("warmline-")
    expected = USERS[max((user for user in USERS if service.startswith(user)), key=len)]
    pid = inspected(name, called)["State"]["Pid"]
    status = fleet.host(name).check_output(f"cat /proc/{pid}/task/*/children /proc/{pid}/status")
    child = status.split()[0]
    inner = fleet.host(name).run(f"cat /proc/{child}/status") if child.isdigit() else None
    lines = dict(line.split(":\t", 1) for line in (inner.stdout if inner else status).splitlines() if ":\t" in line)
    assert lines["Uid"].split()[0] == expected
    assert int(lines["CapEff"], 16) == 0


def test_nginx_keeps_only_the_capabilities_that_it_needs() -> None:
    assert sorted(inspected("edge-1", "warmline-nginx")["HostConfig"]["CapAdd"]) == [
        "CHOWN",
        "NET_BIND_SERVICE",
        "SETGID",
        "SETUID",
    ]
    workers = fleet.host("edge-1").check_output("ps -C nginx -o user= --no-headers || true")
    assert "root" not in workers.split()[1:]


def test_a_workers_memory_limit_is_enforced_and_not_only_written_down() -> None:
    """A process that wants more than the limit is killed; the worker beside it is not."""
    host = fleet.host("agent-1")
    image = inspected("agent-1", "worker 1")["Config"]["Image"]
    greedy = host.run(
        f"docker run --rm --network none --memory 64m --entrypoint python {image} -c 'bytearray(200 << 20)'"
    )
    assert greedy.rc == 137
    assert inspected("agent-1", "worker 1")["State"]["Running"]


@pytest.mark.parametrize(("name", "number"), fleet.workers())
def test_a_worker_is_healthy_by_its_own_check(name: str, number: int) -> None:
    def health() -> str:
        return str(inspected(name, f"worker {number}")["State"]["Health"]["Status"])

    until(lambda: health() == "healthy", seconds=40, what="the health check of a worker that was just started")


@pytest.mark.parametrize(("name", "number"), fleet.workers())
def test_a_worker_knows_its_slot_and_reaches_redis(name: str, number: int) -> None:
    url = f"http://{fleet.addresses()[name]}:{fleet.slot(name, number)['admin_port']}/readyz"
    ready = json.loads(fleet.host(name).check_output("curl --silent %s", url))
    assert ready["slot"] == f"{name}/{number}"
    assert (ready["ready"], ready["redis"]) == (True, "up")


def test_the_worker_cannot_write_to_its_image_nor_to_its_settings() -> None:
    worker = container("agent-1", "worker 1")
    for path in ("/opt/warmline/x", "/etc/warmline/x", "/x"):
        done = fleet.host("agent-1").run(f"docker exec {worker} python -c \"open('{path}', 'w')\"")
        assert "Read-only file system" in done.stderr or "Permission denied" in done.stderr


@pytest.mark.parametrize("name", HOSTS)
def test_container_logs_are_bounded(name: str) -> None:
    assert json.loads(fleet.host(name).file("/etc/docker/daemon.json").content_string)["log-opts"] == {
        "max-file": "3",
        "max-size": "10m",
    }


@pytest.mark.parametrize("name", ["edge-1", "edge-2"])
def test_an_edges_log_gets_to_its_disk_and_is_for_operators_alone(name: str) -> None:
    assert fleet.host(name).service("warmline-nginx-logs.timer").is_enabled
    fleet.edge_log(name, 1)
    assert fleet.host(name).check_output("stat --format '%U %G %a' /var/log/warmline/nginx") == "root adm 2750"
    assert fleet.host(name).check_output("docker exec warmline-nginx stat --format %F /var/cache/nginx/access.log")


def test_an_edge_answers_while_dockerd_stands_still() -> None:
    """Nothing empties its output then."""
    stop, start = "systemctl stop docker.socket docker.service", "systemctl start docker.socket docker.service"
    url = f"https://{fleet.addresses()['edge-1']}/v1/health"
    curl = f"curl --silent --insecure --max-time 5 --output /dev/null --fail {url}"
    ask = f"for n in $(seq 1000); do {curl} || echo failed; done"
    host = fleet.host("edge-1")
    host.check_output(stop)
    try:
        assert host.check_output(ask) == ""
    finally:
        host.check_output(start)


@pytest.mark.parametrize("name", ["agent-1", "agent-2"])
def test_workers_that_stand_still_are_watched_for(name: str) -> None:
    found = fleet.host(name).service("warmline-watch-workers")
    assert found.is_running
    assert found.is_enabled
