"""What playbooks take from files on the machine that deploys."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

_BREAKS = "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"


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


def setting(value: object, name: str) -> str:
    """A value of `agent_settings` as the workers' file of variables holds it: a list's items have commas between them.

    ValueError, which names the setting, for what one line cannot hold: other lists, dictionaries, null, a line break.
    """
    if isinstance(value, list | tuple):
        items = [setting(item, name) for item in value]
        if any(isinstance(item, list | tuple) for item in value) or any("," in item for item in items):
            raise ValueError(f"agent_settings.{name}: a list holds names without commas")
        return ",".join(items)
    if value is None or isinstance(value, Mapping):
        raise ValueError(f"agent_settings.{name}: must be text, a number or a list, not {value!r}")
    text = str(value)
    if len(text.splitlines()) > 1 or text.endswith(tuple(_BREAKS)) or "\0" in text:
        raise ValueError(f"agent_settings.{name}: must be one line")
    return text


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, object]:
        """The filters by the names that playbooks use."""
        return {
            "warmline_api_keys": api_keys,
            "warmline_targets": targets,
            "warmline_probes": probes,
            "warmline_setting": setting,
        }
