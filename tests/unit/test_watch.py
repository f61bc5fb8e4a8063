"""What a worker's log says when its standing with Redis and the fleet changes."""

from dataclasses import replace

import pytest

from warmline.cache.overview import Breaking, Standing
from warmline.watch import changes

WELL = Standing(
    breakers={"cache": Breaking(open=False, opened=3), "state": Breaking(open=False, opened=0)},
    lease=1.5,
    joined=1,
    applied=0,
    believes=True,
    changes=0,
    invalidations=None,  # type: ignore[arg-type]  # not looked at
)
AWAY = replace(WELL, breakers={**WELL.breakers, "cache": Breaking(open=True, opened=4)})


def events(before: Standing, now: Standing) -> list[tuple[str, dict[str, str]]]:
    return [*changes(before, now)]


def test_nothing_is_said_while_all_stays_as_it_is() -> None:
    assert events(WELL, replace(WELL, lease=0.4, joined=2, applied=7)) == []
    assert events(AWAY, AWAY) == []


def test_a_redis_that_stops_answering_and_answers_again_is_named() -> None:
    assert events(WELL, AWAY) == [("redis does not answer, and is left alone", {"redis": "cache"})]
    again = replace(WELL, breakers={**WELL.breakers, "cache": Breaking(open=False, opened=4)})
    assert events(AWAY, again) == [("redis answers again", {"redis": "cache"})]


def test_a_redis_that_was_away_between_two_looks_is_named_too() -> None:
    blinked = replace(WELL, breakers={**WELL.breakers, "state": Breaking(open=False, opened=1)})
    assert events(WELL, blinked) == [("redis does not answer, and is left alone", {"redis": "state"})]


def test_another_redis_under_the_same_name_is_said() -> None:
    assert events(WELL, replace(WELL, changes=1)) == [("another redis answers under the same name", {"redis": "cache"})]


@pytest.mark.parametrize(
    ("before", "now", "said"), [(1.0, 0.0, "not heard"), (0.0, 1.0, "are heard"), (-1.0, 2.0, "are heard")]
)
def test_losing_and_regaining_the_channel_is_said(before: float, now: float, said: str) -> None:
    ((event, _),) = events(replace(WELL, lease=before), replace(WELL, lease=now))
    assert said in event
