"""What a worker says of itself, and what the kernel says of it."""

from collections import defaultdict
from pathlib import Path

import httpx
from prometheus_client.parser import text_string_to_metric_families

from tests.measure.evidence.record import Worker as Held
from tests.measure.evidence.setups import CACHES
from tests.support.processes.stack import Worker


def held(worker: Worker) -> Held:
    """Its memory and its books."""
    caches = httpx.get(f"{worker.admin_url}/v1/admin/caches", timeout=10).json()["caches"]
    text = httpx.get(f"{worker.admin_url}/metrics", timeout=10).text
    return Held(
        rss=resident(worker.process.id),
        l1={cache: caches[cache]["l1"]["bytes"] for cache in CACHES},
        cost=summed(text, "warmline_cost_total", "cache"),
        saved=summed(text, "warmline_cost_saved_total", "cache"),
        leases=summed(text, "warmline_socket_leases_total", "found"),
        failures=summed(text, "warmline_cache_store_failures_total", "operation"),
    )


def summed(exposition: str, name: str, label: str) -> dict[str, float]:
    """The samples of a metric, added up by one of its labels."""
    totals: dict[str, float] = defaultdict(float)
    for family in text_string_to_metric_families(exposition):
        for sample in family.samples:
            if sample.name == name:
                totals[sample.labels[label]] += sample.value
    return dict(totals)


def resident(process: int) -> int:
    """Bytes of memory that a process has in use."""
    for line in Path(f"/proc/{process}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError(f"process {process} has ended")
