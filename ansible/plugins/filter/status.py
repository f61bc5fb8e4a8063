"""The fleet for programs and, as a table, for people: what the edges remember and each worker says of itself. Pure."""

from __future__ import annotations

import importlib.util
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

_ROOT = Path(__file__).resolve().parents[3]
_CONTRACT = _ROOT / "dashboards" / "metrics.yml"
CACHES: tuple[str, ...] = tuple(yaml.safe_load(_CONTRACT.read_text(encoding="utf-8"))["labels"]["priced"])
"""The caches whose loads organisations pay for."""

COLUMNS = ("slot", "", "release", "health", "sessions", *CACHES)
_SAMPLE = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$", re.MULTILINE)
_LABEL = re.compile(r'(\w+)="([^"]*)"')


def _draw(rows: Sequence[Sequence[str]]) -> list[str]:
    """The table that the command line draws too. Loaded by its file: Ansible need not know the worker's packages."""
    spec = importlib.util.spec_from_file_location(
        "warmline_table", _ROOT / "agent" / "warmline" / "commands" / "table.py"
    )
    if spec is None or spec.loader is None:
        raise ImportError("agent/warmline/commands/table.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    drawn: list[str] = module.draw(rows)
    return drawn


def status(ledger: Mapping[str, Any], readings: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Say how each slot is that was not scaled in: `slot`, `colour`, `release`, `health`, `sessions`, `hit_ratios`.

    `readings` has, by slot, what `/readyz` answered as `ready` and what `/metrics` did as `metrics`; nothing for a
    worker that did not answer. `hit_ratios` is, by cache, the share of lookups that did without the origin. None stands
    for what is not known.
    """
    shown = [slot for slot in ledger["slots"] if not slot["down"] or slot["host"] in ledger["drained"]]
    return [_look(slot, readings.get(slot["name"], {})) for slot in shown]


def table(slots: Sequence[Mapping[str, Any]]) -> list[str]:
    """Write what `status` found as lines for people."""
    return _draw([COLUMNS, *map(_row, slots)])


def pairs(found: Mapping[str, object]) -> list[str]:
    """Write names and values as lines for people, without those that are none."""
    return _draw([(f"{name}:", str(value)) for name, value in found.items() if value is not None])


def _look(slot: Mapping[str, Any], reading: Mapping[str, Any]) -> dict[str, Any]:
    known = {"slot": slot["name"], "colour": slot["colour"], "release": None, "health": "drained", "sessions": None}
    if slot["down"]:
        return {**known, "hit_ratios": {}}
    ready = reading.get("ready") or {}
    ready = ready if isinstance(ready, Mapping) else {}
    numbers = samples(reading.get("metrics") or "")
    sessions = sum(value for name, _, value in numbers if name == "warmline_sessions")
    return {
        **known,
        "release": str(ready.get("release", slot["release"])),
        "health": _health(slot, ready),
        "sessions": round(sessions) if numbers else None,
        "hit_ratios": {cache: _hits(cache, numbers) for cache in CACHES},
    }


def _row(slot: Mapping[str, Any]) -> Sequence[str]:
    known = [
        "" if slot[name] is None else str(slot[name]) for name in ("slot", "colour", "release", "health", "sessions")
    ]
    return *known, *(_write_ratio(slot["hit_ratios"], cache) for cache in CACHES)


def _write_ratio(ratios: Mapping[str, float | None], cache: str) -> str:
    if cache not in ratios:
        return ""
    ratio = ratios[cache]
    return "-" if ratio is None else f"{ratio:.0%}"


def _health(slot: Mapping[str, Any], ready: Mapping[str, Any]) -> str:
    if not ready:
        return "does not answer"
    if ready.get("release") != slot["release"]:
        return "another release than the edges were told"
    if not ready.get("ready"):
        return "not ready"
    return "without Redis" if ready.get("degraded") else "ready"


def _hits(cache: str, numbers: Sequence[tuple[str, Mapping[str, str], float]]) -> float | None:
    found = [(labels.get("source"), value) for name, labels, value in numbers if _counts(name, labels, cache)]
    total = sum(value for _, value in found)
    return sum(value for source, value in found if source != "origin") / total if total else None


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
        """The filters by the names that playbooks use."""
        return {"warmline_status": status, "warmline_status_table": table, "warmline_pairs": pairs}
