from collections import OrderedDict
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmline_studies.traces.popularity import Zipf
from warmline_studies.tuner import Distance, Sample, Stack


class Slow:
    """Stack distances as their definition has it."""

    def __init__(self) -> None:
        self._sizes: OrderedDict[str, int] = OrderedDict()

    def access(self, key: str, size: int) -> Distance | None:
        distance = None
        if key in self._sizes:
            since = list(self._sizes)[list(self._sizes).index(key) + 1 :]
            distance = Distance(len(since) + 1, sum(self._sizes[other] for other in since) + size)
        self._sizes[key] = size
        self._sizes.move_to_end(key)
        return distance


@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.integers(0, 9)), max_size=1000))
def test_distances_are_what_their_definition_says(accesses: list[tuple[str, int]]) -> None:
    fast, slow = Stack(), Slow()
    assert [fast.access(*one) for one in accesses] == [slow.access(*one) for one in accesses]


def test_a_long_trace_of_few_keys_takes_room_for_the_keys_alone() -> None:
    stack = Stack()
    for number in range(20_000):
        stack.access(f"k{number % 7}", 1)
    assert len(stack) == 7
    assert len(stack._counts) < 1000


def test_distances_of_a_sample_stand_for_those_of_all_keys() -> None:
    """The part of accesses within each size, for a twentieth of the keys and for all of them."""
    random, law = Random(1), Zipf(20_000, 0.6)
    trace = [f"question {law.draw(random)}" for _ in range(60_000)]

    def hits(rate: float) -> list[float]:
        sample, stack = Sample(rate), Stack()
        kept = [key for key in trace if sample.has(key)]
        distances = [stack.access(key, 1) for key in kept]
        return [
            sum(one is not None and one.entries / sample.rate <= size for one in distances) / len(kept)
            for size in (500, 2000, 8000)
        ]

    assert hits(0.05) == pytest.approx(hits(1), abs=0.04)


def test_a_key_is_in_a_sample_always_or_never_and_in_a_larger_one_too() -> None:
    keys = [f"k{number}" for number in range(10_000)]
    small, large = Sample(0.1), Sample(0.3)
    assert sum(map(small.has, keys)) == pytest.approx(1000, rel=0.15)
    assert all(large.has(key) for key in keys if small.has(key))
    assert all(map(Sample(1).has, keys))


@pytest.mark.parametrize("rate", [0, -1, 1.1])
def test_a_rate_that_is_no_part_of_all_keys_is_refused(rate: float) -> None:
    with pytest.raises(ValueError, match="sampling rate"):
        Sample(rate)
