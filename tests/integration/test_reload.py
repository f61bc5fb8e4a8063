"""What a deploy sees of nginx's processes after a reload."""

import socket
import subprocess
from pathlib import Path

import yaml

from tests.support.edge.nginx import Nginx, Stubs, slots
from tests.support.processes import ROOT, free_port
from tests.support.time.wait import until
from tests.support.tree.plugins import load

serving = load("filter", "edge").serving


def listed(configuration: Path) -> list[str]:
    """What the role's command lists of the nginx that runs with this configuration."""
    variables = yaml.safe_load((ROOT / "ansible/roles/nginx/vars/main.yml").read_text(encoding="utf-8"))
    command = variables["nginx_list"].replace("{{ nginx_config }}", str(configuration))
    return subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True).stdout.splitlines()


def test_those_that_serve_are_told_from_those_that_wait_for_their_last_conversation(tmp_path: Path) -> None:
    stubs = Stubs(tmp_path, 1)
    edge = Nginx(tmp_path, slots(*stubs.ports), nginx_worker_processes=2)
    configuration = tmp_path / "nginx.conf"
    try:
        before = serving(listed(configuration))
        assert len(before) == 2
        with socket.create_connection(("127.0.0.1", edge.port)) as conversation:
            conversation.sendall(b"GET /v1/x HTTP/1.1\r\n")
            until(lambda: "Reading: 1" in status(edge), seconds=5, what="a request that has begun")
            edge.reload()
            until(lambda: not {*before} & {*serving(listed(configuration))}, seconds=10, what="another generation")
            until(lambda: len(listed(configuration)) == 3, seconds=10, what="the old process that has nothing to do")
            assert len(serving(listed(configuration))) == 2
    finally:
        edge.stop()
        stubs.stop()


def test_a_fleet_may_grow_to_thousands_of_slots(tmp_path: Path) -> None:
    few = slots(free_port())
    edge = Nginx(tmp_path, few)
    try:
        more = [{"name": f"test/{n}", "address": f"127.1.{n // 250}.{n % 250}", "port": 8101} for n in range(2, 3000)]
        edge.relist([*few, *more])
        assert "no memory" not in edge.process.output
    finally:
        edge.stop()


def status(edge: Nginx) -> str:
    """What nginx says of its connections."""
    with socket.create_connection(("127.0.0.1", edge.status_port)) as connection:
        connection.sendall(b"GET /nginx_status HTTP/1.0\r\n\r\n")
        return b"".join(iter(lambda: connection.recv(4096), b"")).decode()
