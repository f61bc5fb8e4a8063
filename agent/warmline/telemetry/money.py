"""The organisations' accounts as metrics, read when scraped: a hit adds to an integer and calls no library.

Organisations are those that have an API key, so that their number is bounded.
"""

import math
from collections.abc import Iterable, Mapping

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from warmline.accounts.accounts import Accounts
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
        lookups = CounterMetricFamily(
            "warmline_organisation_lookups",
            "Lookups that were answered, by whether a provider was asked.",
            labels=["answered_by", "organisation"],
        )
        loads = CounterMetricFamily(
            "warmline_organisation_loads", "Loads that ended, by how.", labels=["outcome", "organisation"]
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
            _add(name, cost, _money(account.cost))
            _add(name, saved, _money(account.saved))
            _add(name, lookups, account.lookups)
            _add(name, loads, account.loads)
            _add(name, refused, account.refused)
            today.add_metric([name], account.spent_today / MICROS)
            if account.spend_per_day < math.inf:
                limit.add_metric([name], account.spend_per_day / MICROS)
        return [cost, saved, lookups, loads, refused, today, limit, currency]


def _money(micros: Mapping[str, int]) -> dict[str, float]:
    return {cache: amount / MICROS for cache, amount in micros.items()}


def _add(organisation: str, family: CounterMetricFamily, counts: Mapping[str, float]) -> None:
    for label, count in counts.items():
        family.add_metric([label, organisation], count)
