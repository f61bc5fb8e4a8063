"""Filters that the playbooks share with the tests. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

FIRST_PORT = 8100
FIRST_ADMIN_PORT = 8200


def slots(hosts: Iterable[str], addresses: Mapping[str, str], workers: int) -> list[dict[str, object]]:
    """The worker slots of a fleet, in the order in which every edge lists them.

    `hosts` in the inventory's order, `addresses` by host, `workers` on each. Every host's first worker comes first,
    then every second one: raising `workers` appends, so that no slot that exists changes its position.
    """
    hosts = list(hosts)
    return [
        {
            "name": f"{host}/{worker}",
            "host": host,
            "worker": worker,
            "address": addresses[host],
            "port": FIRST_PORT + worker,
            "admin_port": FIRST_ADMIN_PORT + worker,
        }
        for worker in range(1, workers + 1)
        for host in hosts
    ]


def api_keys(organisations: Iterable[str], folder: str) -> list[dict[str, str]]:
    """What the workers know of API keys kept in files named after their organisations: the digests."""
    return [
        {"organisation": name, "sha256": hashlib.sha256((Path(folder) / name).read_bytes().strip()).hexdigest()}
        for name in organisations
    ]


def targets(hosts: Iterable[str], addresses: Mapping[str, str], port: int, **labels: str) -> list[dict[str, object]]:
    """What Prometheus scrapes at `port` of each of `hosts`, labelled with the host's name and `labels`."""
    return [{"address": f"{addresses[host]}:{port}", "labels": {"host": host, **labels}} for host in hosts]


def probes(urls: Mapping[str, str], paths: Mapping[str, str], exporter: str) -> list[dict[str, object]]:
    """What Prometheus has the black-box exporter ask: each of `paths`, by probe, at each of `urls`, by host.

    `exporter` is its host:port.

    The labels with two underscores are Prometheus' own: they say where to scrape and with which parameters.
    """
    return [
        {
            "address": exporter,
            "labels": {
                "__metrics_path__": "/probe",
                "__param_module": probe,
                "__param_target": f"{url}{path}",
                "instance": url,
                "host": host,
                "probe": probe,
            },
        }
        for host, url in urls.items()
        for probe, path in paths.items()
    ]


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, object]:
        """The filters by the names that playbooks use."""
        return {
            "warmline_slots": slots,
            "warmline_api_keys": api_keys,
            "warmline_targets": targets,
            "warmline_probes": probes,
        }
