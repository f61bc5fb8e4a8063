"""The staging fleet as an operator and as callers see it."""

import base64
import ipaddress
import json
import os
import ssl
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import testinfra
import yaml

from tests.support.processes import ROOT
from tests.support.tree import plugins

STATE = Path(os.environ.get("WARMLINE_STATE", Path.home() / ".local" / "state" / "warmline")) / "staging"
INVENTORY = ROOT / "ansible" / "inventories" / "staging" / "hosts.yml"
CA_FILE = STATE / "tls" / "ca.pem"
PORTS = {
    "https": 443,
    "redis-cache": 6379,
    "redis-state": 6380,
    "prometheus": 9090,
    "alertmanager": 9093,
    "node-exporter": 9100,
    "sarvam": 9101,
    "convex": 9102,
    "pager": 9103,
    "nginx-exporter": 9113,
    "redis-exporter-cache": 9121,
    "redis-exporter-state": 9122,
    "status": 8081,
}
WORKERS_PER_HOST = 2
ORGANISATIONS = ("sahyadri", "kaveri", "lakeside")


@cache
def groups() -> dict[str, dict[str, str]]:
    """Group → host → address."""
    children = yaml.safe_load(INVENTORY.read_text(encoding="utf-8"))["all"]["children"]
    addresses = {
        name: facts["ansible_host"]
        for group in children.values()
        for name, facts in group["hosts"].items()
        if facts and "ansible_host" in facts
    }
    return {group: {name: addresses[name] for name in members["hosts"]} for group, members in children.items()}


@cache
def addresses() -> dict[str, str]:
    """Host → address."""
    return {name: address for members in groups().values() for name, address in members.items()}


@cache
def host(name: str) -> Any:
    """A host over SSH, as Ansible reaches it."""
    return testinfra.get_host(f"ssh://{name}", ssh_config=str(STATE / "ssh_config"))


@cache
def uids() -> dict[str, int]:
    """Service → the number that it runs as."""
    wiring = ROOT / "ansible" / "playbooks" / "group_vars" / "all" / "identities.yml"
    found: dict[str, int] = yaml.safe_load(wiring.read_text(encoding="utf-8"))["fleet_uids"]
    return found


def is_up(name: str) -> bool:
    """Whether the host lets us in and its services have started."""
    command = ["ssh", "-F", str(STATE / "ssh_config"), name, "systemctl", "is-system-running"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip() == "running"


@cache
def trust() -> ssl.SSLContext:
    """A client that believes the authority of the fleet's own certificate, and no other."""
    return ssl.create_default_context(cafile=CA_FILE)


def workers() -> list[tuple[str, int]]:
    """Every worker of the inventory as its host and its number there."""
    return [(name, number) for number in range(1, WORKERS_PER_HOST + 1) for name in groups()["agents"]]


def slots() -> list[dict[str, Any]]:
    """The slots as the edges list them now, with the ports and the container of the colour that serves."""
    found: list[dict[str, Any]] = plugins.load("filter", "ledger").slots(ledger())
    return found


def ledger(edge: str = "edge-1") -> dict[str, Any]:
    """What an edge remembers."""
    found: dict[str, Any] = json.loads(host(edge).check_output("cat /var/lib/warmline/ledger.json"))
    return found


def slot(name: str, number: int) -> dict[str, Any]:
    """What serves now in one slot."""
    return next(one for one in slots() if one["name"] == f"{name}/{number}")


def connects(source: str, address: str, port: int) -> bool:
    """Whether a TCP connection from the host `source` is accepted."""
    done = host(source).run("timeout 3 bash -c '</dev/tcp/%s/%s'", address, str(port))
    return bool(done.rc == 0)


def key(organisation: str) -> str:
    """The organisation's demo API key."""
    return (STATE / "keys" / organisation).read_text(encoding="utf-8").strip()


def secrets() -> dict[str, str]:
    """Every secret that was made for this environment, by file; that of webhooks also as it is written."""
    made = {path.name: path.read_text(encoding="utf-8").strip() for path in (STATE / "secrets").iterdir()}
    written = base64.b64encode(made["webhook"].encode()).decode()
    tls = (STATE / "tls" / "edge.key").read_text(encoding="utf-8").splitlines()[1]
    more = {"webhook, written": written, "TLS key, a line of it": tls}
    return made | more | {f"key of {name}": key(name) for name in ORGANISATIONS}


def has_grafana() -> bool:
    """Whether its image could be had when the fleet was deployed: it has no stand-in."""
    images = STATE / "images.json"
    return images.exists() and "grafana" in json.loads(images.read_text(encoding="utf-8"))


def callers(count: int) -> list[str]:
    """Addresses of callers in as many networks, none of which is the fleet's or reserved for something else."""
    found = (f"{first}.{second}.7.9" for first in (23, 59, 103, 157) for second in range(250))
    return [caller for caller, _ in zip(found, range(count), strict=False) if ipaddress.ip_address(caller).is_global]


@dataclass(frozen=True)
class Edge:
    """The edge's published port on loopback; this machine is a listed proxy, so callers have addresses of their own."""

    url: str

    def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        """A request with the options of httpx."""
        return httpx.request(method, f"{self.url}{path}", verify=trust(), timeout=30, **options)

    def get(
        self,
        what: str,
        text: str,
        *,
        organisation: str = "sahyadri",
        agent: str = "reception",
        caller: str = "23.1.7.9",
    ) -> httpx.Response:
        headers = {"Authorization": f"Bearer {key(organisation)}", "X-Forwarded-For": caller}
        return self.ask("GET", f"/v1/agents/{agent}/{what}", params={"text": text}, headers=headers)

    def slot_of(self, caller: str) -> str:
        return str(self.get("answer", "hello", caller=caller).headers["x-warmline-slot"])


def published(edge: str) -> str:
    """Where this machine reaches an edge over TLS."""
    hosts = yaml.safe_load(INVENTORY.read_text(encoding="utf-8"))["all"]["children"]["edges"]["hosts"]
    ports: list[str] = hosts[edge]["lab_published_ports"]
    return "https://" + next(one.removesuffix(":443") for one in ports if one.endswith(":443"))


def edge_log(edge: str, lines: int) -> str:
    """The last lines of an edge's access log, once the host has taken them to its disk."""
    keep = "systemctl start warmline-nginx-logs.service"  # as its timer does every ten seconds; returns when it is done
    return str(host(edge).check_output(f"{keep} && tail --lines {lines} /var/log/warmline/nginx/access.log"))


def ask_worker(name: str, number: int, what: str, text: str, organisation: str = "sahyadri") -> httpx.Response:
    """Ask one worker directly, from the edge's host, as the edge would; headers and status only."""
    url = f"http://{addresses()[name]}:{slot(name, number)['port']}/v1/agents/reception/{what}"
    config = f'header = "Authorization: Bearer {key(organisation)}"'
    command = "printf %%s %s | curl --silent --config - --get --data-urlencode %s --dump-header - --output /dev/null %s"
    lines = host("edge-1").check_output(command, config, f"text={text}", url).splitlines()
    headers = dict(line.split(": ", 1) for line in lines[1:] if ": " in line)
    return httpx.Response(int(lines[0].split()[1]), headers=headers)


def calls(provider: str) -> dict[str, int]:
    """What the simulated provider has answered so far."""
    url = f"http://{addresses()['monitor-1']}:{PORTS[provider]}/_calls"
    found: dict[str, int] = httpx.Response(200, text=host("monitor-1").check_output("curl --silent %s", url)).json()
    return found


def query(expression: str) -> list[dict[str, Any]]:
    """What Prometheus answers to an instant query: its samples, each with metric and value."""
    url = f"http://{addresses()['monitor-1']}:{PORTS['prometheus']}/api/v1/query"
    answer = host("monitor-1").check_output("curl --silent --get --data-urlencode %s %s", f"query={expression}", url)
    result: list[dict[str, Any]] = json.loads(answer)["data"]["result"]
    return result


def containers(name: str) -> dict[str, Any]:
    """The containers of a host as `docker inspect` shows them, by name."""
    shown = host(name).check_output("docker inspect $(docker ps --all --quiet)")
    return {one["Name"].lstrip("/"): one for one in httpx.Response(200, text=shown).json()}
