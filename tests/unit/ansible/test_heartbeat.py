"""The route of the heartbeat: how often Alertmanager looks, and after how long it repeats."""

import pytest
import yaml

from tests.support.tree.roles import render

URLS = {f"alertmanager_{name}_url": "http://127.0.0.1/" for name in ("page", "ticket", "heartbeat")}
UNITS = {"ms": 0.001, "s": 1.0}


def seconds(text: str) -> float:
    """A duration of Alertmanager's."""
    unit = "ms" if text.endswith("ms") else "s"
    return float(text.removesuffix(unit)) * UNITS[unit]


@pytest.mark.parametrize("every", [1, 4, 30, 60, 61, 300])
def test_it_looks_as_often_as_promised_and_finds_each_time_that_enough_time_has_passed(every: int) -> None:
    """What it told is noted when it was delivered, so both an early look and a late delivery must be allowed for."""
    text = render(
        "alertmanager", "alertmanager.yml.j2", alertmanager_heartbeat_seconds=every, alertmanager_inhibitions=[], **URLS
    )
    (route,) = (one for one in yaml.safe_load(text)["route"]["routes"] if one["receiver"] == "heartbeat")
    assert seconds(route["group_interval"]) == every
    assert seconds(route["repeat_interval"]) <= every / 2
    assert seconds(route["repeat_interval"]) > 0
