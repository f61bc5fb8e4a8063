"""The edge's own templates, rendered without Ansible and run by a real nginx on loopback."""

import json
import shutil
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2

from tests.support.processes import ROOT, Process, free_port
from tests.support.time.wait import until
from tests.support.tree.plugins import load

DEFAULTS = {
    "nginx_worker_processes": 1,
    "nginx_worker_connections": 512,
    "nginx_shutdown_timeout": 5,
    "nginx_read_timeout": 60,
    "nginx_answer_timeout": 15,
    "nginx_speech_timeout": 135,
    "nginx_status_address": "127.0.0.1",
    "nginx_status_from": [],
    "nginx_http_address": "127.0.0.1",
    "nginx_trusted_proxies": [],
    "nginx_provers": [],
    "nginx_affinity": "ip_hash",
    "nginx_websocket_routes": ["/v1/sessions"],
    "nginx_tls": False,
    "nginx_names": ["127.0.0.1", "localhost"],
    "nginx_hsts_seconds": 0,
}


def render(variables: Mapping[str, Any]) -> str:
    """nginx.conf as Ansible renders it: the same template options."""
    loader = jinja2.FileSystemLoader(ROOT / "nginx")
    environment = jinja2.Environment(
        loader=loader, trim_blocks=True, undefined=jinja2.StrictUndefined, keep_trailing_newline=True, autoescape=False
    )
    return environment.get_template("nginx.conf.j2").render(variables)


def slots(*ports: int) -> list[dict[str, object]]:
    """Slots test/1, test/2, ... on loopback."""
    return [{"name": f"test/{i}", "address": "127.0.0.1", "port": port} for i, port in enumerate(ports, start=1)]


STUBS = """
pid {folder}/stubs.pid;
error_log stderr warn;
events {{}}
http {{
    access_log off;
    keepalive_requests 100000;
    server {{
        {listen}
        location / {{ return 200 $server_port; }}
    }}
}}
"""


class Stubs:
    """Stands for any number of workers, in one process: each answers with its port."""

    def __init__(self, folder: Path, count: int) -> None:
        self.ports = [free_port() for _ in range(count)]
        config = folder / "stubs.conf"
        listen = " ".join(f"listen 127.0.0.1:{port};" for port in self.ports)
        config.write_text(STUBS.format(folder=folder, listen=listen))
        command = ["nginx", "-c", str(config), "-g", "daemon off;"]
        self.process = Process(command, log=folder / "stubs.log").listening(self.ports[-1])

    def stop(self) -> None:
        self.process.stop()


class Nginx:
    """One edge in front of `slots`. With `nginx_tls` it reads `edge.pem` in its folder, which must be there."""

    def __init__(self, folder: Path, slots: list[dict[str, object]], **variables: object) -> None:
        self.port, self.status_port, self.https_port = free_port(), free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.https_url = f"https://127.0.0.1:{self.https_port}"
        self.status_url = f"http://127.0.0.1:{self.status_port}/nginx_status"
        self.bundle = folder / "edge.pem"
        self._access_log = folder / "access.log"
        limits = load("filter", "edge").limits
        settings: dict[str, Any] = {
            **DEFAULTS,
            "nginx_slots": slots,
            "nginx_http_port": self.port,
            "nginx_https_port": self.https_port,
            "nginx_https_public_port": self.https_port,
            "nginx_tls_dir": str(folder),
            "nginx_status_port": self.status_port,
            "nginx_run_dir": str(folder),
            "nginx_cache_dir": str(folder),
            **variables,
        }
        processes, connections = (int(settings[f"nginx_worker_{name}"]) for name in ("processes", "connections"))
        settings["nginx_limits"] = limits(processes, connections, old=24, reloads=8)
        self._settings = settings
        self._config = folder / "nginx.conf"
        self._config.write_text(render(settings))
        # Workers as the user who runs the tests: the folder is nobody else's.
        command = ["nginx", "-c", str(self._config), "-g", "daemon off; user root;"]
        self.process = Process(command, log=folder / "nginx.log").listening(self.port)

    def log(self) -> list[dict[str, Any]]:
        """The access log's entries."""
        return [json.loads(line) for line in self._access_log.read_text(encoding="utf-8").splitlines()]

    def reload(self) -> None:
        """Have it read configuration and certificate again, as `nginx -s reload` does."""
        self.process.signal(signal.SIGHUP)

    def relist(self, slots: list[dict[str, object]]) -> None:
        """Go on with other slots, and return when nobody is served by the old ones any more."""
        before = self._workers()
        self._config.write_text(render({**self._settings, "nginx_slots": slots}))
        self.reload()
        until(lambda: not before & self._workers(), seconds=30, what="nginx workers that have drained")

    def _workers(self) -> set[str]:
        """The ids of its workers, those that drain among them."""
        children = Path(f"/proc/{self.process.id}/task/{self.process.id}/children").read_text(encoding="utf-8")
        return set(children.split())

    def stop(self) -> None:
        self.process.stop()


class Backends:
    """Four backends in four slots, and edges in front of them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.ports = [free_port() for _ in range(4)]
        self.processes = [self._start(number, port) for number, port in enumerate(self.ports, start=1)]
        self._edges: list[Nginx] = []

    def _start(self, number: int, port: int) -> Process:
        command = [sys.executable, "-m", "tests.support.edge.backend", "--name", f"test/{number}", "--port", str(port)]
        log = self._folder / f"backend-{number}.log"
        return Process(command, log=log, environment={"PYTHONPATH": str(ROOT)}).listening(port)

    def edge(self, certificate: Path | None = None, **variables: object) -> Nginx:
        """One more edge in front of them; over TLS, if it is given a certificate with its key."""
        folder = self._folder / f"edge-{len(self._edges)}"
        folder.mkdir()
        if certificate:
            shutil.copy(certificate, folder / "edge.pem")
            variables = {"nginx_tls": True, **variables}
        edge = Nginx(folder, slots(*self.ports), **variables)
        self._edges.append(edge)
        return edge

    def stop(self) -> None:
        for process in [*self.processes, *(edge.process for edge in self._edges)]:
            process.stop()
