"""L1 keeps its budget, its deadlines and what was used last."""

from hypothesis import given
from hypothesis import strategies as st

from warmline.cache.memory import OVERHEAD, Memory


class Clock:
    """Seconds that pass only when told to."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def entry(size: int) -> int:
    """What an entry of `size` bytes costs."""
    return size + OVERHEAD


def test_a_value_is_found_until_its_deadline_and_not_a_moment_longer() -> None:
    clock = Clock()
    memory: Memory[str] = Memory(max_bytes=10_000, clock=clock)
    memory.put("k", "v", size=1, ttl=10)
    clock.now = 9.999
    assert (slot := memory.get("k")) is not None
    assert slot.value == "v"
    clock.now = 10
    assert memory.get("k") is None
    assert (len(memory), memory.size) == (0, 0)


def test_none_is_a_value() -> None:
    memory: Memory[str | None] = Memory(max_bytes=10_000, clock=Clock())
    memory.put("k", None, size=0, ttl=1)
    assert (slot := memory.get("k")) is not None
    assert slot.value is None


def test_the_least_recently_used_makes_room() -> None:
    memory: Memory[str] = Memory(max_bytes=2 * entry(10), clock=Clock())
    memory.put("old", "1", size=10, ttl=1)
    memory.put("new", "2", size=10, ttl=1)
    memory.get("old")
    memory.put("newest", "3", size=10, ttl=1)
    assert memory.get("new") is None
    assert memory.get("old") is not None


def test_replacing_a_value_replaces_its_size() -> None:
    memory: Memory[str] = Memory(max_bytes=10_000, clock=Clock())
    memory.put("k", "long", size=1000, ttl=1)
    memory.put("k", "short", size=10, ttl=1)
    assert memory.size == entry(10)


def test_a_value_larger_than_the_budget_is_not_kept_and_drives_nobody_out() -> None:
    memory: Memory[str] = Memory(max_bytes=2 * entry(10), clock=Clock())
    memory.put("small", "1", size=10, ttl=1)
    memory.put("huge", "2", size=10_000, ttl=1)
    assert memory.get("huge") is None
    assert memory.get("small") is not None


def test_a_value_that_is_already_too_old_is_not_kept() -> None:
    memory: Memory[str] = Memory(max_bytes=10_000, clock=Clock())
    memory.put("k", "v", size=1, ttl=0)
    assert len(memory) == 0


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 3000), st.integers(0, 5)), max_size=200))
def test_the_budget_holds_and_sizes_add_up_whatever_comes(puts: list[tuple[int, int, int]]) -> None:
    clock = Clock()
    memory: Memory[int] = Memory(max_bytes=8000, clock=clock)
    for key, size, wait in puts:
        memory.put(str(key), size, size=size, ttl=3)
        clock.now += wait
        assert memory.size <= 8000
    kept = [slot for key in range(21) if (slot := memory.get(str(key)))]
    assert memory.size == sum(entry(slot.value) for slot in kept)
