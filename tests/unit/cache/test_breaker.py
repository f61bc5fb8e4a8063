"""When Redis is asked again."""

from warmline_cache.redis.breaker import Breaker


def test_it_opens_at_the_first_failure_and_lets_one_through_after_each_cooldown() -> None:
    breaker = Breaker(cooldown=1.0)
    assert breaker.allow(0.0)
    breaker.record_failure(0.0)
    assert [breaker.allow(now) for now in (0.0, 0.9, 1.0, 1.1, 1.9, 2.0)] == [False, False, True, False, False, True]


def test_it_closes_at_the_first_success() -> None:
    breaker = Breaker(cooldown=1.0)
    breaker.record_failure(0.0)
    before = breaker.closed
    breaker.record_success()
    assert (before, breaker.closed, breaker.allow(0.1)) == (False, True, True)


def test_it_counts_how_often_it_opened_and_not_each_failure() -> None:
    breaker = Breaker(cooldown=1.0)
    for now in (0.0, 0.1, 0.2):
        breaker.record_failure(now)
    breaker.record_success()
    breaker.record_failure(5.0)
    assert breaker.opened == 2
