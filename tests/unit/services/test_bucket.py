"""A token bucket against what it promises."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmline.services.bucket import Bucket

ARRIVALS = st.lists(st.floats(min_value=0, max_value=5), min_size=1, max_size=200)


@given(st.floats(min_value=0.1, max_value=100), st.integers(min_value=1, max_value=50), ARRIVALS)
def test_never_more_than_the_burst_and_what_has_been_refilled(rate: float, burst: int, gaps: list[float]) -> None:
    bucket, now, taken = Bucket(rate, burst, 0.0), 0.0, 0
    for gap in gaps:
        now += gap
        taken += bucket.take(now) == 0.0
        assert taken <= burst + now * rate + 1e-6


@given(st.floats(min_value=0.1, max_value=100), st.integers(min_value=1, max_value=50), ARRIVALS)
def test_who_waits_as_long_as_it_was_told_is_let_through(rate: float, burst: int, gaps: list[float]) -> None:
    bucket, now = Bucket(rate, burst, 0.0), 0.0
    for gap in gaps:
        now += gap
        wait = bucket.take(now)
        if wait:
            now += wait + 1e-6
            assert bucket.take(now) == 0.0


@given(st.integers(min_value=1, max_value=50), ARRIVALS)
def test_within_the_rate_nobody_waits(burst: int, gaps: list[float]) -> None:
    bucket, now = Bucket(1.0, burst, 0.0), 0.0
    for gap in gaps:
        now += gap + 1.0
        assert bucket.take(now) == 0.0


def test_a_clock_that_steps_back_gives_nothing() -> None:
    bucket = Bucket(1.0, 1, 10.0)
    assert bucket.take(10.0) == 0.0
    assert bucket.take(5.0) == 1.0
    assert bucket.take(10.5) == 0.5


def test_what_others_took_is_paid_back_at_the_rate() -> None:
    bucket = Bucket(10.0, 5, 0.0)
    bucket.owe(25, 0.0)
    assert bucket.take(0.0) == pytest.approx(2.1)
    assert bucket.take(2.0) == pytest.approx(0.1)
    assert bucket.take(2.1000001) == 0.0
