"""A search for new examples: within its time, in an order of its own, saying how far it is and how to do it again."""

import os
import random
import time

import pytest

from tests.support.examples import scaled

MINUTES = 15.0
"""After so many no test is begun any more; the longest takes about four."""


class Search:
    """A pytest plugin. What was not begun in time is skipped, and each seed has another last one."""

    def __init__(self, config: pytest.Config) -> None:
        self.out = config.pluginmanager.getplugin("terminalreporter")
        self.began = time.monotonic()
        self.seed = config.getoption("--hypothesis-seed", None)
        self.minutes = float(os.environ.get("WARMLINE_SEARCH_MINUTES", MINUTES))
        self.done = self.all = 0

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Whole modules change places, so that what they share is made once."""
        places = {item.path: 0.0 for item in items}
        draw = random.Random(self.seed)
        for path in sorted(places):
            places[path] = draw.random()
        items.sort(key=lambda item: places[item.path])

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.all = len(session.items)
        again = "as each failure says" if self.seed is None else f"make test-long-search SEED={self.seed}"
        span = f"none begun after {self.minutes:g} min"
        self.out.write_line(f"{self.all} tests, {scaled(100)} examples each, {span}; the same again: {again}")

    def pytest_runtest_setup(self) -> None:
        if time.monotonic() - self.began > self.minutes * 60:
            pytest.skip("the search's time is over")

    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, str] | None:
        """No letters: searches that run beside each other write whole lines."""
        return (report.outcome if report.when == "call" else "", "", "") if report.passed else None

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call":
            self.done += 1
            passed = f"{(time.monotonic() - self.began) / 60:4.1f} min  {self.done:>3}/{self.all}"
            self.out.write_line(f"{passed}  {report.duration:5.1f} s  {report.outcome}  {report.nodeid}")
