"""What organisations ask, spend and save, in one worker and with others."""

import pytest

from warmline.accounts.accounts import DAY, Accounts, Use
from warmline.accounts.limits import OrganisationLimit, OrganisationLimits
from warmline.accounts.prices import MICROS, PRICES
from warmline.errors import LimitReached, SpendLimitReached
from warmline_cache import Source
from warmline_cache.errors import UpstreamUnavailable

NOON = 20_000 * DAY + DAY / 2


class Clocks:
    """Both clocks, moved by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def clock(self) -> float:
        return self.now

    def wall(self) -> float:
        return NOON + self.now


@pytest.fixture
def clocks() -> Clocks:
    return Clocks()


def made(clocks: Clocks, *, rate: float = 10, burst: float = 5, spend: float | None = 1.0) -> Accounts:
    limits = OrganisationLimits(OrganisationLimit(rate, burst, spend))
    return Accounts(limits, PRICES, ["sahyadri", "kaveri"], clock=clocks.clock, wall=clocks.wall)


def pay(accounts: Accounts, price: int, *, organisation: str = "sahyadri") -> None:
    with accounts.paying(organisation, "tts", price):
        pass


def use_up(accounts: Accounts) -> int:
    """Ask until refused; how often it was let through."""
    for count in range(1000):
        try:
            accounts.admit("sahyadri")
        except LimitReached:
            return count
    raise AssertionError("never refused")


def test_a_burst_is_let_through_and_then_the_rate(clocks: Clocks) -> None:
    accounts = made(clocks)
    assert use_up(accounts) == 5
    with pytest.raises(LimitReached) as caught:
        accounts.admit("sahyadri")
    assert caught.value.retry_after == pytest.approx(0.1)
    clocks.now = 0.21
    assert use_up(accounts) == 2
    assert accounts.of("sahyadri").refused["rate"] == 3


def test_one_organisations_requests_are_not_anothers(clocks: Clocks) -> None:
    accounts = made(clocks)
    use_up(accounts)
    accounts.admit("kaveri")


def test_money_is_spent_until_it_does_not_cover_the_next(clocks: Clocks) -> None:
    accounts = made(clocks)
    pay(accounts, 600_000)
    with pytest.raises(SpendLimitReached) as caught:
        pay(accounts, 600_000)
    assert caught.value.retry_after == DAY / 2
    pay(accounts, 400_000)
    pay(accounts, 0)
    pay(accounts, 600_000, organisation="kaveri")
    assert accounts.of("sahyadri").cost["tts"] == MICROS
    assert accounts.of("sahyadri").refused == {"rate": 0, "spend": 1}


def test_loads_under_way_are_reserved_for(clocks: Clocks) -> None:
    accounts = made(clocks)
    with accounts.paying("sahyadri", "tts", 600_000), pytest.raises(SpendLimitReached):
        pay(accounts, 600_000)


def test_a_failed_provider_costs_nothing(clocks: Clocks) -> None:
    accounts = made(clocks)
    with pytest.raises(UpstreamUnavailable), accounts.paying("sahyadri", "tts", 900_000):
        raise UpstreamUnavailable("sarvam", "away")
    pay(accounts, 900_000)
    assert accounts.of("sahyadri").cost["tts"] == 900_000


def test_a_load_that_was_given_up_is_paid_for(clocks: Clocks) -> None:
    accounts = made(clocks)
    with pytest.raises(GeneratorExit), accounts.paying("sahyadri", "tts", 900_000):
        raise GeneratorExit
    assert accounts.of("sahyadri").cost["tts"] == 900_000


def test_the_next_day_has_money_of_its_own(clocks: Clocks) -> None:
    accounts = made(clocks)
    pay(accounts, MICROS)
    clocks.now = DAY / 2
    pay(accounts, MICROS)
    assert accounts.all()["sahyadri"].spent_today == MICROS


def test_without_a_limit_money_is_only_counted(clocks: Clocks) -> None:
    accounts = made(clocks, spend=None)
    pay(accounts, 10**12)
    assert accounts.of("sahyadri").spent_today == 10**12


@pytest.mark.parametrize("source", Source)
def test_whatever_asked_no_provider_has_saved_its_price(clocks: Clocks, source: Source) -> None:
    accounts = made(clocks)
    accounts.answered("sahyadri", "tts", source, 30)
    assert accounts.of("sahyadri").saved["tts"] == (0 if source is Source.ORIGIN else 30)


def test_lookups_are_counted_by_organisation_and_by_whether_a_provider_was_asked(clocks: Clocks) -> None:
    accounts = made(clocks)
    for source in Source:
        accounts.answered("sahyadri", "rag", source, 0)
    accounts.answered("sahyadri", "rag", None, 0)
    assert accounts.of("sahyadri").lookups == {"caches": len(Source) - 1, "provider": 1}
    assert accounts.of("kaveri").lookups == {"caches": 0, "provider": 0}


def test_loads_are_counted_by_organisation_and_by_how_they_ended(clocks: Clocks) -> None:
    accounts = made(clocks)
    pay(accounts, 1)
    with pytest.raises(UpstreamUnavailable), accounts.paying("sahyadri", "tts", 1):
        raise UpstreamUnavailable("sarvam", "away")
    with pytest.raises(SpendLimitReached):
        pay(accounts, 2 * MICROS)
    assert accounts.of("sahyadri").loads == {"ok": 1, "failed": 1}
    assert accounts.of("kaveri").loads == {"ok": 0, "failed": 0}


def test_a_lookup_that_was_given_up_has_saved_nothing(clocks: Clocks) -> None:
    accounts = made(clocks)
    accounts.answered("sahyadri", "tts", None, 30)
    assert accounts.of("sahyadri").saved["tts"] == 0


# -- with others


class Fleet:
    """The shared hash, and workers that exchange with it."""

    def __init__(self, clocks: Clocks, workers: int) -> None:
        self.day: dict[str, Use] = {}
        self.workers = [made(clocks) for _ in range(workers)]

    def exchange(self) -> None:
        for worker in self.workers:
            day, used = worker.send()
            for name, use in used.items():
                before = self.day.get(name, Use())
                self.day[name] = Use(before.requests + use.requests, before.spent + use.spent)
            worker.received(day, self.day)


def test_all_workers_together_keep_to_the_rate_in_the_long_run(clocks: Clocks) -> None:
    fleet = Fleet(clocks, 4)
    fleet.exchange()
    passed = 0
    for second in range(100):
        clocks.now = float(second)
        passed += sum(use_up(worker) for worker in fleet.workers)
        fleet.exchange()
    assert passed <= 10 * 100 + 4 * (5 + 10)


def test_ones_own_requests_are_not_taken_from_the_bucket_again(clocks: Clocks) -> None:
    fleet = Fleet(clocks, 2)
    (one, _) = fleet.workers
    fleet.exchange()
    for half_seconds in range(1, 100):
        clocks.now = half_seconds / 2
        for _ in range(5):
            one.admit("sahyadri")
        fleet.exchange()


def test_a_second_later_others_know_what_was_spent(clocks: Clocks) -> None:
    fleet = Fleet(clocks, 2)
    one, other = fleet.workers
    pay(one, 900_000)
    fleet.exchange()
    with pytest.raises(SpendLimitReached):
        pay(other, 200_000)
    assert other.of("sahyadri").spent_today == 900_000
    fleet.exchange()
    assert one.of("sahyadri").spent_today == 900_000


def test_what_could_not_be_told_is_told_later_and_counts_meanwhile(clocks: Clocks) -> None:
    accounts = made(clocks)
    pay(accounts, 900_000)
    day, _ = accounts.send()
    with pytest.raises(SpendLimitReached):
        pay(accounts, 200_000)
    accounts.lost(day)
    assert accounts.send() == (day, {"sahyadri": Use(0, 900_000)})


def test_a_reply_from_yesterday_is_ignored(clocks: Clocks) -> None:
    accounts = made(clocks)
    day, _ = accounts.send()
    clocks.now = DAY / 2
    accounts.all()
    accounts.received(day, {"sahyadri": Use(0, MICROS)})
    accounts.lost(day)
    pay(accounts, MICROS)
