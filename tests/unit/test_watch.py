"""What a worker's log says when its standing with Redis and the fleet changes."""

from dataclasses import replace

import pytest

from warmline.telemetry.watch import changes
from warmline_cache.overview import Breaking, Standing

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
    assert events(WELL, AWAY) == [("redis_left_alone", {"redis": "cache"})]
    again = replace(WELL, breakers={**WELL.breakers, "cache": Breaking(open=False, opened=4)})
    assert events(AWAY, again) == [("redis_answers_again", {"redis": "cache"})]


def test_a_redis_that_was_away_between_two_looks_is_named_too() -> None:
    blinked = replace(WELL, breakers={**WELL.breakers, "state": Breaking(open=False, opened=1)})
    assert events(WELL, blinked) == [("redis_left_alone", {"redis": "state"})]


def test_why_a_redis_is_left_alone_is_said_where_it_is_known() -> None:
    refused = replace(
        WELL, breakers={**WELL.breakers, "cache": Breaking(open=True, opened=4, why="NOAUTH who are you")}
    )
    assert events(WELL, refused) == [("redis_left_alone", {"redis": "cache", "why": "NOAUTH who are you"})]


def test_a_refusal_is_said_once_in_the_servers_words_and_again_when_they_change() -> None:
    full, replica = (replace(WELL, refusals={"cache": words}) for words in ("OOM not now", "READONLY not here"))
    assert events(WELL, full) == [("redis_refused", {"redis": "cache", "said": "OOM not now"})]
    assert events(full, full) == []
    assert events(full, replica) == [("redis_refused", {"redis": "cache", "said": "READONLY not here"})]
    assert events(replica, WELL) == []


def test_a_clock_that_is_wrong_is_said_once() -> None:
    right, wrong = replace(WELL, skew={"cache": 0.4}), replace(WELL, skew={"cache": -3600.0})
    assert events(right, wrong) == [("clocks_differ", {"redis": "cache", "seconds_ahead": "-3600.0"})]
    assert events(wrong, wrong) == []
    assert events(WELL, right) == []


def test_another_redis_under_the_same_name_is_said() -> None:
    assert events(WELL, replace(WELL, changes=1)) == [("redis_replaced", {"redis": "cache"})]


@pytest.mark.parametrize(
    ("before", "now", "said"),
    [(1.0, 0.0, "invalidations_not_heard"), (0.0, 1.0, "invalidations_heard"), (-1.0, 2.0, "invalidations_heard")],
)
def test_losing_and_regaining_the_channel_is_said(before: float, now: float, said: str) -> None:
    assert events(replace(WELL, lease=before), replace(WELL, lease=now)) == [(said, {})]
