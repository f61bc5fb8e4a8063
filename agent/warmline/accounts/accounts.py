"""What each organisation asks, spends and saves here: plain integers, for a hit costs less than a call into a library.

A request takes a token of its organisation's bucket. A load that asks a provider reserves its price first, and is paid
when it has ended: not if the provider failed, for then it bills nothing. Limits are of the whole fleet: what the other
workers let through and paid arrives a moment later (`usage.py`), and is taken from the bucket and the day then.
Money is in millionths of the price table's currency.
"""

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from warmline.accounts.bucket import Bucket
from warmline.accounts.limits import OrganisationLimits
from warmline.accounts.prices import MICROS, Prices
from warmline.caches import PRICED
from warmline.errors import LimitReached, SpendLimitReached
from warmline_cache import Source
from warmline_cache.errors import UpstreamError

DAY = 86_400


@dataclass(slots=True)
class Use:
    """Requests let through, and money spent."""

    requests: int = 0
    spent: int = 0


@dataclass(slots=True)
class Account:
    """One organisation. `fleet`, `sent` and `unsent` are today's; everything else counts since the start.

    `fleet` is what all workers together had used when they were last asked; `sent` is on its way to them.
    """

    bucket: Bucket
    spend_per_day: float
    cost: dict[str, int] = field(default_factory=lambda: dict.fromkeys(PRICED, 0))
    saved: dict[str, int] = field(default_factory=lambda: dict.fromkeys(PRICED, 0))
    refused: dict[str, int] = field(default_factory=lambda: {"rate": 0, "spend": 0})
    lookups: dict[str, int] = field(default_factory=lambda: {"caches": 0, "provider": 0})
    loads: dict[str, int] = field(default_factory=lambda: {"ok": 0, "failed": 0})
    reserved: int = 0
    fleet: Use | None = None
    sent: Use = field(default_factory=Use)
    unsent: Use = field(default_factory=Use)

    @property
    def spent_today(self) -> int:
        """By all workers, as far as this one knows."""
        return (self.fleet.spent if self.fleet else 0) + self.sent.spent + self.unsent.spent


class Accounts:
    """The organisations' accounts. `clock` is monotonic, `wall` the time of day, both in seconds."""

    def __init__(
        self,
        limits: OrganisationLimits,
        prices: Prices,
        organisations: Iterable[str],
        *,
        clock: Callable[[], float],
        wall: Callable[[], float],
    ) -> None:
        self.prices = prices
        self._limits = limits
        self._clock = clock
        self._wall = wall
        self._day = int(wall() // DAY)
        self._accounts: dict[str, Account] = {}
        for organisation in organisations:
            self.of(organisation)

    def of(self, organisation: str) -> Account:
        """The account of one organisation."""
        account = self._accounts.get(organisation)
        if account is None:
            limit = self._limits.of(organisation)
            bucket = Bucket(limit.requests_per_second, limit.burst, self._clock())
            most = float("inf") if limit.spend_per_day is None else limit.spend_per_day * MICROS
            account = self._accounts[organisation] = Account(bucket, most)
        return account

    def all(self) -> Mapping[str, Account]:
        """Every account by its organisation, as of today."""
        self._begin_day()
        return self._accounts

    def admit(self, organisation: str) -> None:
        """Let one request through. Raises LimitReached."""
        account = self.of(organisation)
        wait = account.bucket.take(self._clock())
        if wait:
            account.refused["rate"] += 1
            raise LimitReached("your organisation sends more requests than it may", retry_after=wait)
        account.unsent.requests += 1

    def record_lookup(self, organisation: str, cache: str, source: Source | None, price: int) -> None:
        """Record an answered lookup. Its price was saved unless a provider was asked. None: the lookup was given up."""
        if source is None:
            return
        account = self.of(organisation)
        if source is Source.ORIGIN:
            account.lookups["provider"] += 1
        else:
            account.lookups["caches"] += 1
            account.saved[cache] += price

    @contextlib.contextmanager
    def pay(self, organisation: str, cache: str, price: int) -> Iterator[None]:
        """Pay for what the block asks of a provider; a failed call costs nothing.

        Raises SpendLimitReached if today's money does not cover the price. A price of 0 is always covered.
        """
        self._begin_day()
        account = self.of(organisation)
        if price and account.spent_today + account.reserved + price > account.spend_per_day:
            account.refused["spend"] += 1
            raise SpendLimitReached(
                "your organisation's money for today is spent; what is cached is still served",
                retry_after=DAY - self._wall() % DAY,
            )
        account.reserved += price
        paid = price
        try:
            yield
            account.loads["ok"] += 1
        except UpstreamError:
            paid = 0
            account.loads["failed"] += 1
            raise
        finally:
            account.reserved -= price
            account.cost[cache] += paid
            account.unsent.spent += paid

    # -- with the other workers

    def send(self) -> tuple[int, dict[str, Use]]:
        """The day since 1970, and what is new since the last time; follow it by `take_totals` or `take_back`."""
        self._begin_day()
        for account in self._accounts.values():
            account.sent, account.unsent = account.unsent, Use()
        return self._day, {name: one.sent for name, one in self._accounts.items() if one.sent != Use()}

    def take_totals(self, day: int, fleet: Mapping[str, Use]) -> None:
        """Take over what all workers together have used on `day`, what this worker sent included."""
        if day != self._day:
            return
        now = self._clock()
        for name, account in self._accounts.items():
            use, before = fleet.get(name, Use()), account.fleet
            if before is not None:
                account.bucket.owe(max(0, use.requests - before.requests - account.sent.requests), now)
            account.fleet, account.sent = use, Use()

    def take_back(self, day: int) -> None:
        """Keep what was sent for the next time, because it did not arrive."""
        if day != self._day:
            return
        for account in self._accounts.values():
            account.unsent.requests += account.sent.requests
            account.unsent.spent += account.sent.spent
            account.sent = Use()

    def _begin_day(self) -> None:
        """At midnight, UTC, everybody begins anew."""
        day = int(self._wall() // DAY)
        if day != self._day:
            self._day = day
            for account in self._accounts.values():
                account.fleet, account.sent, account.unsent = Use(), Use(), Use()
