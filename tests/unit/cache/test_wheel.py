"""The wheel knows to the moment what is dead, wherever the clock goes."""

import math
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmline_cache.memory.wheel import Wheel


def buried(wheel: Wheel, now: float) -> set[str]:
    """All that is dead, taken out."""
    keys = set()
    while (key := wheel.dead(now)) is not None:
        wheel.remove(key, wheel.deadlines()[key])
        keys.add(key)
    return keys


def filled(*deadlines: float) -> Wheel:
    wheel = Wheel()
    for deadline in deadlines:
        wheel.add(str(deadline), deadline)
    return wheel


def test_a_key_is_dead_from_its_deadline_on_and_not_before() -> None:
    wheel = filled(5.5, 5.25, 6.0)
    assert buried(wheel, 5.2) == set()
    assert buried(wheel, 5.25) == {"5.25"}
    assert buried(wheel, 5.999) == {"5.5"}
    assert buried(wheel, 6.0) == {"6.0"}


def test_what_never_dies_is_not_kept() -> None:
    wheel = filled(math.inf)
    assert wheel.deadlines() == {}
    assert wheel.dead(1e300) is None
    wheel.remove("inf", math.inf)


def test_a_dead_key_is_named_until_it_is_removed() -> None:
    wheel = filled(1.0)
    assert [wheel.dead(2.0), wheel.dead(2.0)] == ["1.0", "1.0"]
    wheel.remove("1.0", 1.0)
    assert wheel.dead(2.0) is None


def test_a_key_that_was_removed_and_came_back_with_a_later_deadline_lives_until_then() -> None:
    wheel = filled(1.5)
    assert wheel.dead(1.0) is None
    wheel.remove("1.5", 1.5)
    wheel.add("1.5", 1.75)
    assert wheel.dead(1.6) is None
    assert wheel.dead(1.75) == "1.5"


@pytest.mark.parametrize("gap", [3600.0, 1e12])
def test_an_idle_gap_is_not_walked_through_second_by_second(gap: float) -> None:
    wheel = filled(*range(1000), gap + 5)
    started = time.process_time()
    assert wheel.dead(gap) is not None
    assert time.process_time() - started < 1.0
    assert len(buried(wheel, gap)) == 1000
    assert buried(wheel, gap + 5) == {str(gap + 5)}


def test_a_clock_that_went_back_makes_nothing_dead_that_is_not() -> None:
    wheel = filled(10.0, 20.0, 30.0)
    assert wheel.dead(25.0) is not None
    assert wheel.dead(5.0) is None
    wheel.add("6.5", 6.5)
    assert buried(wheel, 7.0) == {"6.5"}
    assert buried(wheel, 20.0) == {"10.0", "20.0"}
    assert buried(wheel, 1e9) == {"30.0"}


@pytest.mark.parametrize("apart", [0.0, 1.0], ids=["within this second", "each in its own"])
def test_keys_that_come_and_go_leave_nothing_behind(apart: float) -> None:
    wheel = Wheel()
    wheel.dead(1.0)
    for n in range(10_000):
        wheel.add(f"k{n}", 1.5 + n * apart)
        wheel.remove(f"k{n}", 1.5 + n * apart)
    assert len(wheel._heap) + len(wheel._seconds) < 100


moments = st.floats(-50, 50) | st.integers(-50, 50).map(float)
steps = st.lists(st.tuples(st.sampled_from(["add", "remove", "bury"]), st.integers(0, 9), moments), max_size=80)


@given(steps)
def test_it_knows_what_a_dictionary_of_deadlines_knows(stream: list[tuple[str, int, float]]) -> None:
    wheel, model = Wheel(), dict[str, float]()
    for step, number, moment in stream:
        key = str(number)
        if key in model and step != "bury":
            wheel.remove(key, model.pop(key))
        if step == "add":
            wheel.add(key, moment)
            model[key] = moment
        elif step == "bury":
            dead = {key for key, deadline in model.items() if deadline <= moment}
            assert buried(wheel, moment) == dead
            model = {key: deadline for key, deadline in model.items() if key not in dead}
        assert wheel.deadlines() == model
