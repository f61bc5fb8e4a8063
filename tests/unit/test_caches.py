"""The table of caches, and what has to agree with it because it cannot read it."""

import yaml

from tests.support.processes import ROOT
from tests.support.tree.plugins import load
from warmline.caches import CACHES, PRICED
from warmline.settings import NUMBERS
from warmline_studies.tuner.chart import COLOURS


def test_the_metrics_contract_names_every_cache_and_those_that_cost_money() -> None:
    labels = yaml.safe_load((ROOT / "dashboards" / "metrics.yml").read_text(encoding="utf-8"))["labels"]
    assert (labels["cache"], labels["priced"]) == (list(CACHES), list(PRICED))


def test_make_status_has_a_column_for_each_cache_that_costs_money() -> None:
    assert load("filter", "status").CACHES == PRICED


def test_every_cache_has_numbers_of_its_own_in_the_settings() -> None:
    assert all(f"cache_{cache}_{number}" in NUMBERS for cache in CACHES for number in ("ttl", "max_bytes"))


def test_every_cache_has_a_colour_of_its_own_in_charts() -> None:
    assert len(set(COLOURS.values())) == len(CACHES) == len(COLOURS)


def test_the_documents_name_every_cache() -> None:
    page = (ROOT / "docs" / "understand" / "architecture.md").read_text(encoding="utf-8")
    assert all(f"\n| {cache} |" in page for cache in CACHES)
