"""A part of a trace, and what it stands for."""

import pytest

from warmline_studies.traces import Entry, Kind, Part, Shape, TraceError, generate, invent_tenants, sample


def test_each_entry_of_a_sample_stands_for_as_many_as_were_seen_for_it() -> None:
    trace = [Entry(n, f"org-{n % 12}", "a", "10.0.0.1", Kind.GREETING, "") for n in range(600)]
    trace += [Entry(600 + n, "org-1", "a", "10.0.0.1", Kind.GREETING, "") for n in range(400)]
    part = Part()
    kept = list(sample(trace, 4, part))
    assert 0 < len(kept) < 1000
    assert {entry.organisation for entry in kept} == part.organisations
    assert part.weight * len(kept) == pytest.approx(1000)


def test_a_sample_is_always_of_the_same_organisations() -> None:
    trace = list(generate(Shape(conversations=300, tenants=invent_tenants(40, 1)), 1))
    once, again = Part(), Part()
    assert list(sample(trace, 4, once)) == list(sample(trace, 4, again))
    assert 3 <= len(once.organisations) <= 20


def test_a_sample_that_leaves_nothing_is_refused() -> None:
    with pytest.raises(TraceError, match="take a larger sample"):
        list(sample([Entry(1, "o", "a", "10.0.0.1", Kind.GREETING, "")], 25, Part()))
