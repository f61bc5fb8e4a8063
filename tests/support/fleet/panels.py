"""What the panels of the fleet's boards show, asked of its Prometheus as Grafana would ask."""

import time
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from dashboards import check
from tests.support import fleet
from tests.support.fleet.incidents import Shown
from tests.support.time.wait import until_nothing


def ask(path: str, parameters: Mapping[str, str]) -> Any:
    """One question to the fleet's Prometheus."""
    return _prometheus()(path, parameters)


def show(wanted: Iterable[Shown], began: float) -> None:
    """Wait until each of these has been shown since `began`, in seconds of the wall clock; fail if one is not."""
    until_nothing(lambda: [shown for shown in wanted if not any(map(shown.is_so, _values(shown, began)))], seconds=90)


@cache
def _prometheus() -> check.Ask:
    """Asked from its own host."""
    return check.over_ssh(fleet.STATE / "ssh_config")


def _values(shown: Shown, began: float) -> Iterator[float]:
    """What the panel has shown since then."""
    now = time.time()
    for expr in check.of_panel(shown.board, shown.panel):
        for series in check.answered(ask, expr, end=now, seconds=now - began)["data"]["result"]:
            if shown.labels.items() <= series["metric"].items():
                yield from (float(value) for _, value in series["values"])
