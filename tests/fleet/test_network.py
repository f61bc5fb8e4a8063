"""Which port answers whom: everything else is refused, from another host of the fleet and from outside."""

import itertools

import httpx
import pytest

from tests.support import fleet

PORTS = fleet.PORTS
# A worker's two ports are those of the colour that serves in its slot: looked up when they are needed.
WORKERS = [f"worker {number}" for number in range(1, fleet.WORKERS_PER_HOST + 1)]
ADMINS = [f"admin {number}" for number in range(1, fleet.WORKERS_PER_HOST + 1)]
EDGES, AGENTS = ("edge-1", "edge-2"), ("agent-1", "agent-2")
REDIS_EXPORTERS = [PORTS["redis-exporter-cache"], PORTS["redis-exporter-state"]]
# Alertmanager, Grafana and the black-box exporter listen on the monitor's loopback.
LISTENING: dict[str, list[int | str]] = {
    **{edge: [80, PORTS["https"], PORTS["status"], PORTS["nginx-exporter"], PORTS["node-exporter"]] for edge in EDGES},
    **{agent: [*WORKERS, *ADMINS, PORTS["node-exporter"]] for agent in AGENTS},
    "redis-1": [PORTS["redis-cache"], PORTS["redis-state"], *REDIS_EXPORTERS, PORTS["node-exporter"]],
    "monitor-1": [PORTS[name] for name in ("prometheus", "sarvam", "convex", "pager", "node-exporter")],
}
OPEN = {
    *((source, edge, port) for source in LISTENING for edge in EDGES for port in (80, PORTS["https"])),
    *(("monitor-1", edge, PORTS[name]) for edge in EDGES for name in ("status", "nginx-exporter")),
    *((edge, agent, port) for edge in EDGES for agent in AGENTS for port in WORKERS),
    *(("monitor-1", agent, port) for agent in AGENTS for port in ADMINS),
    *((agent, "redis-1", PORTS[name]) for agent in AGENTS for name in ("redis-cache", "redis-state")),
    *((agent, "monitor-1", PORTS[name]) for agent in AGENTS for name in ("sarvam", "convex")),
    *(("monitor-1", "redis-1", port) for port in REDIS_EXPORTERS),
    *(("monitor-1", name, PORTS["node-exporter"]) for name in LISTENING if name != "monitor-1"),
}
ATTEMPTS = [
    (source, target, port) for source, target in itertools.permutations(LISTENING, 2) for port in LISTENING[target]
]


def number(host: str, port: int | str) -> int:
    """The port's number."""
    if isinstance(port, int):
        return port
    kind, _, worker = port.partition(" ")
    return int(fleet.slot(host, int(worker))["port" if kind == "worker" else "admin_port"])


@pytest.mark.parametrize(("source", "target", "port"), ATTEMPTS)
def test_a_port_answers_those_who_need_it_and_nobody_else(source: str, target: str, port: int | str) -> None:
    found = fleet.connects(source, fleet.addresses()[target], number(target, port))
    assert found == ((source, target, port) in OPEN)


@pytest.mark.parametrize(("name", "port"), [(name, port) for name, ports in LISTENING.items() for port in ports])
def test_the_table_above_lists_ports_that_really_listen(name: str, port: int | str) -> None:
    assert fleet.host(name).run(f"ss -Hltn 'sport = :{number(name, port)}' | grep -q .").rc == 0


@pytest.mark.parametrize("name", sorted(LISTENING))
def test_nothing_listens_beyond_loopback_but_what_is_meant_to(name: str) -> None:
    lines = fleet.host(name).check_output("ss -Hltn").splitlines()
    found = {line.split()[3].rpartition(":") for line in lines}
    beyond = {int(port) for address, _, port in found if not address.startswith(("127.", "[::1]"))}
    assert beyond <= {22, *(number(name, port) for port in LISTENING[name])}


@pytest.mark.parametrize(
    ("name", "port"), [(name, port) for name, ports in LISTENING.items() for port in ports if port not in {80, 443}]
)
def test_nothing_but_the_edge_answers_outside_the_fleet(name: str, port: int | str) -> None:
    """This machine stands outside: it is no host of the fleet, though it shares a network with it."""
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://{fleet.addresses()[name]}:{number(name, port)}/", timeout=3)


def test_the_edge_serves_neither_metrics_nor_status_nor_health_to_callers(edge: fleet.Edge) -> None:
    for path in ("/metrics", "/nginx_status", "/readyz", "/livez", "/_calls"):
        assert edge.ask("GET", path).status_code == 404


def test_the_firewall_says_why_each_port_is_open() -> None:
    rules = fleet.host("redis-1").check_output("nft list table inet warmline")
    assert 'tcp dport 6379 accept comment "the workers\' cache"' in rules
    assert "policy drop" in rules
