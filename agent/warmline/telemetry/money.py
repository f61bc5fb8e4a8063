"""The organisations' accounts as metrics, read when scraped: a hit adds to an integer and calls no library.

Organisations are those that have an API key, so that their number is bounded.
"""

import math
from collections.abc import Iterable

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from warmline.accounts.accounts import Account, Accounts
from warmline.accounts.prices import MICROS


class Money(Collector):
    """Costs and savings in the price table's currency, which `warmline_price_info` names."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    def collect(self) -> Iterable[Metric]:
        """See `Collector`."""
        cost = CounterMetricFamily(
            "warmline_cost", "Money that providers took for loads.", labels=["cache", "organisation"]
        )
        saved = CounterMetricFamily(
            "warmline_cost_saved",
            "Money that lookups would have cost which no provider was asked for.",
            labels=["cache", "organisation"],
        )
        refused = CounterMetricFamily(
            "warmline_limited", "Requests and loads that a limit refused.", labels=["limit", "organisation"]
        )
        today = GaugeMetricFamily(
            "warmline_spent_today", "Money of the whole fleet since midnight, UTC.", labels=["organisation"]
        )
        limit = GaugeMetricFamily(
            "warmline_spend_limit_per_day", "Money for one day, UTC, where it is limited.", labels=["organisation"]
        )
        currency = GaugeMetricFamily("warmline_price_info", "1, labelled with the currency.", labels=["currency"])
        currency.add_metric([self._accounts.prices.currency], 1)
        for name, account in self._accounts.all().items():
            _add(account, name, cost=cost, saved=saved, refused=refused)
            today.add_metric([name], account.spent_today / MICROS)
            if account.spend_per_day < math.inf:
                limit.add_metric([name], account.spend_per_day / MICROS)
        return [cost, saved, refused, today, limit, currency]


def _add(
    account: Account,
    name: str,
    *,
    cost: CounterMetricFamily,
    saved: CounterMetricFamily,
    refused: CounterMetricFamily,
) -> None:
    for cache, micros in account.cost.items():
        cost.add_metric([cache, name], micros / MICROS)
    for cache, micros in account.saved.items():
        saved.add_metric([cache, name], micros / MICROS)
    for limit, count in account.refused.items():
        refused.add_metric([limit, name], count)
