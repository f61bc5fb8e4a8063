"""Advice for people to read."""

from collections.abc import Iterator, Mapping, Sequence

from warmline.accounts.prices import MICROS
from warmline.settings import Profile
from warmline_studies.planner import FEW, MIB, few, short, table
from warmline_studies.planner.estimate import MONTH
from warmline_studies.tuner.recommend import Advice, compare
from warmline_studies.tuner.study import Studied

POOR = 0.2
"""A cache that finds less than this at its best is named as not worth its cost."""


def report_sample(found: Studied, rate: float, organisations: int) -> Iterator[str]:
    """Say what was looked at, if it was not all: a part of all keys, organisations that stand for others, or less than
    a day."""
    said = [*_report_sample(found.weight, rate, organisations), *(f"note: {note}" for note in short(found.seconds))]
    yield from [*said, ""] if said else []


def _report_sample(weight: float, rate: float, organisations: int) -> Iterator[str]:
    if rate < 1:
        yield f"from {rate:.1%} of all phrases and questions: what L1 finds is uncertain by several points"
    if weight > 1:
        yield f"from {organisations:,} organisations: each of their entries stands for {weight:.3g}"
        if organisations < FEW:
            yield f"note: {few(organisations)}"


def lines(given: Sequence[Advice], *, seconds: float, currency: str, profiles: Mapping[str, Profile]) -> Iterator[str]:
    """Write every step of every cache, with a star at what is recommended, and what the named profiles would bring."""
    month = MONTH / seconds / MICROS
    for one in given:
        yield from (f"{one.cache}: {one.lookups:,} lookups", *_lifetimes(one, currency, month), "", *_sizes(one), "")
        for name, profile in profiles.items():
            fleet, l1 = compare(one, profile)
            yield f"  {name:<13} {fleet:.1%} of lookups find something, {l1:.1%} in L1"
        yield f"  recommended   {one.ttl.hit:.1%} of lookups find something, {one.size.hit:.1%} in L1"
        if one.lifetimes[-1].hit < POOR:
            yield f"  {one.cache} does not pay: even a ttl of a day finds only {one.lifetimes[-1].hit:.0%}"
        yield ""
    yield "agent_settings:"
    yield from (f"  {name}: {number}" for one in given for name, number in one.settings().items())


def _lifetimes(one: Advice, currency: str, month: float) -> Iterator[str]:
    yield from table(
        ("ttl, s", "found", "loads", f"{currency}/month", "Redis, MiB", "mean age, s", "oldest, s", ""),
        [
            (
                f"{step.ttl:,.0f}",
                f"{step.hit:.1%}",
                f"{step.loads:,.0f}",
                f"{step.micros * month:,.0f}",
                f"{step.memory / MIB:,.1f}",
                f"{step.age:,.0f}",
                f"{step.oldest:,.0f}",
                "*" if step is one.ttl else "",
            )
            for step in one.lifetimes
        ],
    )


def _sizes(one: Advice) -> Iterator[str]:
    yield from table(
        ("entries in L1", "MiB a worker", "found in L1", ""),
        [
            (f"{step.entries:,}", f"{step.bytes / MIB:,.2f}", f"{step.hit:.1%}", "*" if step is one.size else "")
            for step in one.sizes
        ],
    )
