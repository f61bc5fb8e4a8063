"""A token bucket against what it promises."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmline.accounts.bucket import Bucket

ARRIVALS = st.lists(st.sampled_from([0.0, 0.001, 0.1]) | st.floats(min_value=0, max_value=5), min_size=1, max_size=60)


@given(st.floats(min_value=0.1, max_value=100), st.integers(min_value=1, max_value=50), ARRIVALS)
def test_in_no_span_more_than_the_burst_and_what_was_refilled_meanwhile(
    rate: float, burst: int, gaps: list[float]
) -> None:
    bucket, times = Bucket(rate, burst, 0.0), list(itertools.accumulate(gaps))
    taken = [now for now in times if bucket.take(now) == 0.0]
    for first, began in enumerate(taken):
        for count, ended in enumerate(taken[first:], start=1):
            assert count <= burst + (ended - began) * rate + 1e-6


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
        now += gap + 1.0 + 1e-9
        assert bucket.take(now) == 0.0


def test_an_idle_hour_earns_no_more_than_a_burst() -> None:
    bucket = Bucket(10.0, 3, 0.0)
    assert [bucket.take(3600.0) == 0.0 for _ in range(4)] == [True, True, True, False]


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


def test_a_client_may_send_a_burst_and_then_its_rate() -> None:
    bucket = Bucket(2, 3, 0.0)
    assert [bucket.take(0.0) == 0 for _ in range(4)] == [True, True, True, False]
    assert [bucket.take(0.5) == 0, bucket.take(0.5) == 0] == [True, False]
    assert [bucket.take(100.0) == 0 for _ in range(4)] == [True, True, True, False]
