"""Which port answers whom: everything else is refused, from another host of the fleet and from outside."""

import itertools

import httpx
import pytest

from tests.support import fleet

PORTS = fleet.PORTS
WORKER_PORTS = [8100 + number for number in range(1, fleet.WORKERS_PER_HOST + 1)]
ADMIN_PORTS = [8200 + number for number in range(1, fleet.WORKERS_PER_HOST + 1)]
# Alertmanager, Grafana and the black-box exporter listen on the monitor's loopback.
LISTENING = {
    "edge-1": [80, PORTS["status"], PORTS["nginx-exporter"], PORTS["node-exporter"]],
    "agent-1": [*WORKER_PORTS, *ADMIN_PORTS, PORTS["node-exporter"]],
    "agent-2": [*WORKER_PORTS, *ADMIN_PORTS, PORTS["node-exporter"]],
    "redis-1": [
        *(PORTS[name] for name in ("redis-cache", "redis-state", "redis-exporter-cache", "redis-exporter-state")),
        PORTS["node-exporter"],
    ],
    "monitor-1": [PORTS[name] for name in ("prometheus", "sarvam", "convex", "pager", "node-exporter")],
}
OPEN = {
    *((source, "edge-1", 80) for source in LISTENING),
    *(("monitor-1", "edge-1", PORTS[name]) for name in ("status", "nginx-exporter")),
    *(("monitor-1", "redis-1", PORTS[name]) for name in ("redis-exporter-cache", "redis-exporter-state")),
    *(("monitor-1", name, PORTS["node-exporter"]) for name in LISTENING if name != "monitor-1"),
    *(("edge-1", agent, port) for agent in ("agent-1", "agent-2") for port in WORKER_PORTS),
    *(("monitor-1", agent, port) for agent in ("agent-1", "agent-2") for port in ADMIN_PORTS),
    *((agent, "redis-1", PORTS[name]) for agent in ("agent-1", "agent-2") for name in ("redis-cache", "redis-state")),
    *((agent, "monitor-1", PORTS[name]) for agent in ("agent-1", "agent-2") for name in ("sarvam", "convex")),
}
ATTEMPTS = [
    (source, target, port) for source, target in itertools.permutations(LISTENING, 2) for port in LISTENING[target]
]


@pytest.mark.parametrize(("source", "target", "port"), ATTEMPTS)
def test_a_port_answers_those_who_need_it_and_nobody_else(source: str, target: str, port: int) -> None:
    assert fleet.connects(source, fleet.addresses()[target], port) == ((source, target, port) in OPEN)


@pytest.mark.parametrize(("name", "port"), [(name, port) for name, ports in LISTENING.items() for port in ports])
def test_the_table_above_lists_ports_that_really_listen(name: str, port: int) -> None:
    assert fleet.host(name).run(f"ss -Hltn 'sport = :{port}' | grep -q .").rc == 0


@pytest.mark.parametrize("name", sorted(LISTENING))
def test_nothing_listens_beyond_loopback_but_what_is_meant_to(name: str) -> None:
    lines = fleet.host(name).check_output("ss -Hltn").splitlines()
    found = {line.split()[3].rpartition(":") for line in lines}
    beyond = {int(port) for address, _, port in found if not address.startswith(("127.", "[::1]"))}
    assert beyond <= {22, *LISTENING[name]}


@pytest.mark.parametrize(
    ("name", "port"), [(name, port) for name, ports in LISTENING.items() for port in ports if port != 80]
)
def test_nothing_but_the_edge_answers_outside_the_fleet(name: str, port: int) -> None:
    """This machine stands outside: it is no host of the fleet, though it shares a network with it."""
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://{fleet.addresses()[name]}:{port}/", timeout=3)


def test_the_edge_serves_neither_metrics_nor_status_nor_health_to_callers(edge: fleet.Edge) -> None:
    for path in ("/metrics", "/nginx_status", "/readyz", "/livez", "/_calls"):
        assert httpx.get(f"{edge.url}{path}").status_code == 404


def test_the_firewall_says_why_each_port_is_open() -> None:
    rules = fleet.host("redis-1").check_output("nft list table inet warmline")
    assert 'tcp dport 6379 accept comment "the workers\' cache"' in rules
    assert "policy drop" in rules
