"""The fleet as a table for people, from what the edges remember and what each worker says of itself. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

_CONTRACT = Path(__file__).resolve().parents[3] / "dashboards" / "metrics.yml"
CACHES: tuple[str, ...] = tuple(yaml.safe_load(_CONTRACT.read_text(encoding="utf-8"))["labels"]["priced"])
"""The caches whose loads organisations pay for."""

COLUMNS = ("slot", "", "release", "health", "sessions", *CACHES)
_SAMPLE = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$", re.MULTILINE)
_LABEL = re.compile(r'(\w+)="([^"]*)"')


def status(ledger: Mapping[str, Any], readings: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """A line for each slot that was not scaled in; the share of lookups that did without the origin, by cache.

    `readings` has, by slot, what `/readyz` answered as `ready` and what `/metrics` did as `metrics`; nothing for a
    worker that did not answer.
    """
    shown = [slot for slot in ledger["slots"] if not slot["down"] or slot["host"] in ledger["drained"]]
    rows = [COLUMNS, *(_row(slot, readings.get(slot["name"], {})) for slot in shown)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(COLUMNS))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _row(slot: Mapping[str, Any], reading: Mapping[str, Any]) -> Sequence[str]:
    if slot["down"]:
        return (slot["name"], slot["colour"], "", "drained", "", *[""] * len(CACHES))
    ready = reading.get("ready") or {}
    ready = ready if isinstance(ready, Mapping) else {}
    numbers = samples(reading.get("metrics") or "")
    sessions = sum(value for name, _, value in numbers if name == "warmline_sessions")
    return (
        slot["name"],
        slot["colour"],
        str(ready.get("release", slot["release"])),
        _health(slot, ready),
        f"{sessions:.0f}" if numbers else "",
        *(_hits(cache, numbers) for cache in CACHES),
    )


def _health(slot: Mapping[str, Any], ready: Mapping[str, Any]) -> str:
    if not ready:
        return "does not answer"
    if ready.get("release") != slot["release"]:
        return "another release than the edges were told"
    if not ready.get("ready"):
        return "not ready"
    return "without Redis" if ready.get("degraded") else "ready"


def _hits(cache: str, numbers: Sequence[tuple[str, Mapping[str, str], float]]) -> str:
    found = [(labels.get("source"), value) for name, labels, value in numbers if _counts(name, labels, cache)]
    total = sum(value for _, value in found)
    return f"{sum(value for source, value in found if source != 'origin') / total:.0%}" if total else "-"


def _counts(name: str, labels: Mapping[str, str], cache: str) -> bool:
    return name == "warmline_cache_lookups_total" and labels.get("cache") == cache


def samples(text: str) -> list[tuple[str, dict[str, str], float]]:
    """Name, labels and value of each sample of Prometheus' text format; of no other line, nor of what is not finite."""
    found = [(name, dict(_LABEL.findall(labels)), _finite(value)) for name, labels, value in _SAMPLE.findall(text)]
    return [(name, labels, value) for name, labels, value in found if value is not None]


def _finite(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, object]:
        """The filter by the name that playbooks use."""
        return {"warmline_status": status}
