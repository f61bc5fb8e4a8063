"""Which metrics exist, with which labels: the workers', the exporters', and what rules record."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).resolve().parent
RULES = HERE / "rules"
RENDERED = RULES / "rendered"
"""What Prometheus is given: the rules with the links to their runbooks (`generate.py`)."""
_WORKER = "workers"
_SUFFIXES = ("_bucket", "_count", "_sum")
FLEET = "fleet"
"""The level of a recorded series that has no label."""


@dataclass(frozen=True)
class Metric:
    """One metric: the job that has it (`*`: every one, empty: a rule), its type, and its series' labels."""

    job: str
    type: str
    labels: frozenset[str]


def rule_files() -> list[Path]:
    """Every file of rules, as Prometheus is given it."""
    return sorted(RENDERED.glob("*.yml"))


@cache
def recorded() -> dict[str, str]:
    """What each recorded series is made of."""
    return {rule["record"]: rule["expr"] for file in rule_files() for rule in rules(file) if "record" in rule}


def rules(file: Path) -> list[dict[str, Any]]:
    """The rules of a file, in order."""
    groups = yaml.safe_load(file.read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def level(recorded: str) -> frozenset[str]:
    """The labels of a recorded series: its name begins with them, `cache_source:warmline_lookups:rate5m`."""
    first = recorded.split(":", 1)[0]
    return frozenset() if first == FLEET else frozenset(first.split("_"))


class Contract:
    """Everything that an expression may name."""

    def __init__(self) -> None:
        exporters = _read(HERE / "exporters.yml")
        jobs: dict[str, list[str]] = exporters["jobs"]
        everywhere = {"job", "instance"}
        self._metrics: dict[str, Metric] = {}
        for name, metric in _read(HERE / "metrics.yml")["metrics"].items():
            labels = {*metric["labels"], *jobs[_WORKER], *everywhere}
            self._metrics[name] = Metric(_WORKER, metric["type"], frozenset(labels))
        for name, metric in exporters["metrics"].items():
            of_targets = {label for labels in jobs.values() for label in labels}
            targets = of_targets if metric["job"] == "*" else set(jobs[metric["job"]])
            type_ = "counter" if name.endswith("_total") else "gauge"
            self._metrics[name] = Metric(metric["job"], type_, frozenset({*metric["labels"], *targets, *everywhere}))
        for name in recorded():
            self._metrics[name] = Metric("", "gauge", level(name))

    def find(self, name: str) -> Metric | None:
        """The metric of a series' name; a histogram's parts are counters."""
        if name in self._metrics and self._metrics[name].type != "histogram":
            return self._metrics[name]
        for suffix in _SUFFIXES:
            whole = self._metrics.get(name.removesuffix(suffix)) if name.endswith(suffix) else None
            if whole is not None and whole.type == "histogram":
                return Metric(whole.job, "counter", whole.labels | ({"le"} if suffix == "_bucket" else set()))
        return None

    def of_workers(self) -> set[str]:
        """The names of all that a worker has."""
        return {name for name, metric in self._metrics.items() if metric.job == _WORKER}

    def labels(self, name: str) -> frozenset[str] | None:
        """See `expressions.Labels`."""
        found = self.find(name)
        return None if found is None else found.labels


def _read(file: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return content
