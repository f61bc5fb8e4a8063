"""The monitors' images with the roles' own configuration, on loopback: what a fleet must not be hurt to show."""

import json
import os
import shutil
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from tests.support.edge.nginx import Nginx, slots
from tests.support.processes import Process, certificates, free_port, python_path, simulator
from tests.support.processes.containers import Container, docker, tool
from tests.support.processes.stack import Stack, key_of
from tests.support.time.wait import until
from tests.support.tree.roles import render

HEARTBEAT = 4
MUTES = [{"why": "A test.", "by": "HostDown", "mutes": ["Worker.*"], "equal": ["host"]}]


class Pager:
    """Whoever is told of alerts, as a process."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._file = folder / "alerts.jsonl"
        command = simulator("pager", "--port", str(self.port), "--file", str(self._file))
        self._process = Process(command, log=folder / "pager.log", environment=python_path()).listening(self.port)

    def told(self, name: str) -> list[dict[str, Any]]:
        """What it was told of an alert, oldest first."""
        lines = self._file.read_text().splitlines() if self._file.exists() else []
        return [one for one in map(json.loads, lines) if one["labels"]["alertname"] == name]

    def stop(self) -> None:
        self._process.stop()


@pytest.fixture(scope="module")
def pager(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pager]:
    pager = Pager(tmp_path_factory.mktemp("pager"))
    yield pager
    pager.stop()


def readable(folder: Path) -> Path:
    """The folder, for a container's user as well: it and those above are for the tests' own."""
    for path in (folder, *folder.parents):
        if path.stat().st_uid == os.getuid() and path != Path("/tmp"):
            path.chmod(path.stat().st_mode | 0o055)
    return folder


@pytest.fixture(scope="module")
def alertmanager(tmp_path_factory: pytest.TempPathFactory, pager: Pager) -> Iterator[str]:
    folder, port = readable(tmp_path_factory.mktemp("alertmanager")), free_port()
    urls = {name: f"http://127.0.0.1:{pager.port}/{name}" for name in ("page", "ticket", "heartbeat")}
    (folder / "receivers").mkdir()
    for name, url in urls.items():
        (folder / "receivers" / name).write_text(url)
    variables = {f"alertmanager_{name}_url": url for name, url in urls.items()}
    quick = {"alertmanager_group_wait_seconds": 1, "alertmanager_group_interval_seconds": 1}
    quick["alertmanager_heartbeat_seconds"] = HEARTBEAT
    config = render("alertmanager", "alertmanager.yml.j2", **variables, **quick, alertmanager_inhibitions=MUTES)
    assert not any(url in config for url in urls.values())
    (folder / "alertmanager.yml").write_text(config)
    container = Container(
        *("alertmanager", "--config.file=/etc/alertmanager/alertmanager.yml", "--storage.path=/dev/shm"),
        *(f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address="),
        port=port,
        mounts={folder: "/etc/alertmanager"},
    )
    yield container.url
    container.stop()


def fire(alertmanager: str, *alerts: dict[str, str]) -> None:
    """Let Alertmanager know of alerts, as Prometheus would."""
    body = [{"labels": labels} for labels in alerts]
    httpx.post(f"{alertmanager}/api/v2/alerts", json=body).raise_for_status()


@pytest.mark.parametrize("tickets", ["", "http://127.0.0.1/ticket"])
def test_amtool_accepts_the_configuration(tmp_path: Path, tickets: str) -> None:
    config = tmp_path / "alertmanager.yml"
    page = "http://127.0.0.1/page"
    urls = {"alertmanager_page_url": page, "alertmanager_ticket_url": tickets, "alertmanager_inhibitions": MUTES}
    config.write_text(render("alertmanager", "alertmanager.yml.j2", **urls))
    done = tool("alertmanager", "amtool", "check-config", "/check.yml", mounts={config: "/check.yml"})
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_critical_alert_pages_and_another_opens_a_ticket(alertmanager: str, pager: Pager) -> None:
    fire(alertmanager, {"alertname": "Bad", "severity": "critical"}, {"alertname": "Odd", "severity": "warning"})
    until(lambda: pager.told("Bad") and pager.told("Odd"), seconds=20, what="both to be told")
    assert {one["receiver"] for one in pager.told("Bad")} == {"page"}
    assert {one["receiver"] for one in pager.told("Odd")} == {"ticket"}


def test_the_watchdog_is_a_heartbeat(alertmanager: str, pager: Pager) -> None:
    fire(alertmanager, {"alertname": "Watchdog", "severity": "none"})
    until(lambda: pager.told("Watchdog"), seconds=20, what="the heartbeat")
    assert {one["receiver"] for one in pager.told("Watchdog")} == {"heartbeat"}


def test_the_heartbeat_comes_as_often_as_it_is_promised(alertmanager: str, pager: Pager) -> None:
    """With the time between two looks as the time to repeat after, every other one would be left out."""
    fire(alertmanager, {"alertname": "Watchdog", "severity": "none"})
    until(lambda: len(pager.told("Watchdog")) > 3, seconds=60, what="some heartbeats")
    times = [one["at"] for one in pager.told("Watchdog")]
    gaps = [after - before for before, after in pairwise(times)]
    assert all(HEARTBEAT * 0.75 < gap < HEARTBEAT * 1.5 for gap in gaps), gaps


def test_who_was_woken_is_not_told_of_what_follows_from_it(alertmanager: str, pager: Pager) -> None:
    """The last alert is told after all others, whose fate is then known."""
    fire(alertmanager, {"alertname": "HostDown", "severity": "critical", "host": "a"})
    fire(alertmanager, {"alertname": "Burn", "severity": "critical", "host": "a"})
    until(lambda: pager.told("HostDown") and pager.told("Burn"), seconds=20, what="the first to be told")
    fire(
        alertmanager,
        {"alertname": "WorkerDown", "severity": "critical", "host": "a"},
        {"alertname": "Burn", "severity": "warning", "host": "a"},
    )
    fire(alertmanager, {"alertname": "WorkerDown", "severity": "critical", "host": "b"})
    until(lambda: pager.told("WorkerDown"), seconds=20, what="the worker of another host")
    assert {one["labels"]["host"] for one in pager.told("WorkerDown")} == {"b"}
    assert {one["receiver"] for one in pager.told("Burn")} == {"page"}


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nginx]:
    with Stack(tmp_path_factory.mktemp("stack")) as stack:
        nginx = Nginx(tmp_path_factory.mktemp("nginx"), slots(stack.worker().port))
        yield nginx
        nginx.stop()


class Blackbox:
    """The black-box exporter with an API key in a file, and `ca.pem` where it is told to trust one."""

    def __init__(self, folder: Path, **variables: str) -> None:
        port = free_port()
        self.key = folder / "api_key"
        (folder / "config.yml").write_text(render("blackbox_exporter", "config.yml.j2", **variables))
        self.container = Container(
            *("blackbox_exporter", "--config.file=/etc/blackbox_exporter/config.yml"),
            f"--web.listen-address=127.0.0.1:{port}",
            port=port,
            mounts={folder: "/etc/blackbox_exporter"},
        )

    def probe(self, module: str, target: str) -> bool:
        """Whether a probe is content with what is at `target`."""
        answer = httpx.get(f"{self.container.url}/probe", params={"module": module, "target": target}, timeout=10)
        return "\nprobe_success 1\n" in answer.text


@pytest.fixture(scope="module")
def blackbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Blackbox]:
    blackbox = Blackbox(readable(tmp_path_factory.mktemp("blackbox")))
    yield blackbox
    blackbox.container.stop()


PATHS = {
    "edge": "/",
    "greeting": "/v1/agents/reception/speech?text=Namaste",
    "question": "/v1/agents/reception/answer?text=When%20are%20you%20open%3F",
}


@pytest.mark.parametrize("probe", PATHS)
def test_a_probe_succeeds_where_a_caller_is_answered(blackbox: Blackbox, edge: Nginx, probe: str) -> None:
    blackbox.key.write_text(key_of("sahyadri"))
    assert blackbox.probe(probe, edge.url + PATHS[probe])


def test_with_a_key_that_was_revoked_only_the_edge_itself_still_answers(blackbox: Blackbox, edge: Nginx) -> None:
    blackbox.key.write_text("revoked")
    assert {probe: blackbox.probe(probe, edge.url + path) for probe, path in PATHS.items()} == {
        "edge": True,
        "greeting": False,
        "question": False,
    }


def test_with_no_worker_behind_it_an_edge_answers_no_question(blackbox: Blackbox, tmp_path: Path) -> None:
    alone = Nginx(tmp_path, slots(free_port()))
    try:
        blackbox.key.write_text(key_of("sahyadri"))
        found = {probe: blackbox.probe(probe, alone.url + path) for probe, path in PATHS.items()}
    finally:
        alone.stop()
    assert found == {"edge": True, "greeting": False, "question": False}


def test_over_tls_a_probe_believes_the_authority_that_it_was_given(blackbox: Blackbox, tmp_path: Path) -> None:
    """By the name that the certificate is for, as edges are probed by address."""
    for name in ("edge", "other", "blackbox"):
        (tmp_path / name).mkdir()
    shutil.copy(certificates.make(tmp_path / "edge" / "edge.pem"), tmp_path / "blackbox" / "ca.pem")
    certificates.make(tmp_path / "other" / "edge.pem")
    edges = [Nginx(tmp_path / name, slots(free_port()), nginx_tls=True) for name in ("edge", "other")]
    trust = {"blackbox_exporter_ca_file": "ca.pem", "blackbox_exporter_server_name": "localhost"}
    trusting = Blackbox(readable(tmp_path / "blackbox"), **trust)
    try:
        assert [trusting.probe("edge", f"{edge.https_url}/") for edge in edges] == [True, False]
        assert not blackbox.probe("edge", f"{edges[0].https_url}/")
    finally:
        trusting.container.stop()
        for edge in edges:
            edge.stop()


def test_the_api_key_is_in_a_file_and_nowhere_else(blackbox: Blackbox, edge: Nginx) -> None:
    key = key_of("sahyadri")
    blackbox.key.write_text(key)
    assert blackbox.probe("question", edge.url + PATHS["question"])
    assert key not in docker("inspect", blackbox.container.name).stdout
    assert key not in blackbox.container.logs()
    pages = [httpx.get(f"{blackbox.container.url}{path}").text for path in ("/config", "/", "/metrics")]
    assert not any(key in page for page in pages)


def test_prometheus_finds_a_worker_of_the_other_colour_without_a_reload(tmp_path: Path) -> None:
    folder, port = readable(tmp_path), free_port()
    (folder / "targets").mkdir()
    jobs = [{"name": "redis", "targets": [{"address": "127.0.0.1:1", "labels": {"redis": "cache"}}]}]
    variables = {"prometheus_address": "127.0.0.1", "prometheus_port": port, "prometheus_jobs": jobs}
    (folder / "prometheus.yml").write_text(render("prometheus", "prometheus.yml.j2", **variables))
    (folder / "targets" / "redis.yml").write_text(render("prometheus", "targets.yml.j2", item=jobs[0]))
    workers = folder / "targets" / "workers.yml"
    workers.write_text(of_colour("blue", 8201))
    prometheus = Container(
        *("prometheus", "--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/dev/shm"),
        f"--web.listen-address=127.0.0.1:{port}",
        port=port,
        mounts={folder: "/etc/prometheus"},
    )
    try:
        until(lambda: targets(prometheus) == {("blue", "127.0.0.1:8201")}, seconds=20, what="the first worker")
        new = folder / "workers.new"
        new.write_text(of_colour("green", 8251))
        new.rename(workers)
        until(lambda: targets(prometheus) == {("green", "127.0.0.1:8251")}, seconds=20, what="the other colour")
        assert prometheus.logs().count("Completed loading of configuration file") == 1
    finally:
        prometheus.stop()


def of_colour(colour: str, port: int) -> str:
    """The file of a fleet with one worker."""
    worker = {"name": "a/1", "host": "a", "colour": colour, "address": "127.0.0.1", "admin_port": port}
    return render("prometheus", "workers.yml.j2", prometheus_workers=[worker])


def targets(prometheus: Container) -> set[tuple[str, str]]:
    """The workers that Prometheus scrapes, by colour and address; none before it is ready."""
    answer = httpx.get(f"{prometheus.url}/api/v1/targets")
    found = answer.json()["data"]["activeTargets"] if answer.status_code == 200 else []
    workers = [one["labels"] for one in found if one["labels"]["job"] == "workers"]
    return {(labels["colour"], labels["instance"]) for labels in workers}


def test_grafanas_files_are_well_formed_wherever_it_runs() -> None:
    variables = {"grafana_prometheus_url": "http://a:9090", "grafana_alertmanager_url": "http://a:9093"}
    sources = yaml.safe_load(render("grafana", "provisioning/datasources/prometheus.yml.j2", **variables))[
        "datasources"
    ]
    assert [(one["uid"], one["url"]) for one in sources] == [
        ("prometheus", "http://a:9090"),
        ("prometheus-alerts", "http://a:9093"),
    ]
    assert sources[0]["jsonData"]["timeInterval"] == "5s"
