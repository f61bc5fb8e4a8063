"""The busiest five minutes of a trace."""

import pytest

from warmline.settings import PROFILES
from warmline_studies.planner import Affinity, Origin, Script, fleet_of, simulate
from warmline_studies.planner.rush import Rush
from warmline_studies.traces import Entry, Kind


@pytest.mark.parametrize("began", [0.0, 130.0, 290.0, 1234.5])
def test_a_rush_is_as_large_wherever_it_falls(began: float) -> None:
    """A hundred requests within four minutes of a quiet hour."""
    rush = Rush(0.0)
    for at in sorted([*(began + 2.4 * n for n in range(100)), *(400.0 * n for n in range(10))]):
        rush.add(at, 1)
    assert 100 <= rush.most <= 101


def test_what_is_over_is_not_in_the_rush_any_more() -> None:
    rush = Rush(10.0)
    for at in range(10, 10_000, 10):
        rush.add(float(at), 2)
    assert rush.most == 60


def test_a_fleet_is_planned_for_its_rush() -> None:
    """Half of an hour's calls in five minutes that begin where no window of a clock would."""
    calls = [*range(0, 3600, 24), *range(1650, 1950, 2)]
    entries = [Entry(float(at), "o", "a", "10.0.0.1", Kind.GREETING, "") for at in sorted(calls)]
    fleet = fleet_of(PROFILES["low_traffic"], workers=1, affinity=Affinity.NONE, shared=False)
    outcome = simulate(entries, fleet, Script(Origin(), sessions=True))
    assert outcome.peak * outcome.requests / outcome.seconds == pytest.approx(150 / 300 + 1 / 24, rel=0.05)
