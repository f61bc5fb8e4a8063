"""What is expected of the fleet, from `objectives.yml`: shares from 0 to 1, times in seconds."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml


@dataclass(frozen=True)
class Objectives:
    """Every number that a board shows beside a measurement."""

    budget_days: int
    requests: float
    """The share that must not end in a status of 500 or more."""
    greetings: float
    """The share that must be heard within `greeting_seconds`."""
    greeting_seconds: float
    hit_ratios: Mapping[str, float]
    load_seconds: Mapping[str, float]
    """How long 95 of 100 loads of each cache may take."""


def _read() -> Objectives:
    file = Path(__file__).with_suffix(".yml")
    said: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return Objectives(
        budget_days=said["budget_days"],
        requests=said["requests"]["share"],
        greetings=said["greetings"]["share"],
        greeting_seconds=said["greetings"]["seconds"],
        hit_ratios=said["hit_ratios"],
        load_seconds=said["load_seconds"],
    )


OBJECTIVES = _read()
