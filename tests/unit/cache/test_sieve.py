"""SIEVE: the hand goes from the oldest to the newest, forgives once, and stays where it stopped."""

from hypothesis import given
from hypothesis import strategies as st

from warmline_cache.memory.sieve import Sieve
from warmline_cache.memory.slot import MemorySlot


class Queue:
    """A sieve of slots by name."""

    def __init__(self, names: str) -> None:
        self.sieve: Sieve[None] = Sieve()
        self.slots: dict[str, MemorySlot[None]] = {}
        for name in names:
            self.add(name)

    def add(self, name: str) -> None:
        slot = MemorySlot(name, None, tenant="a", groups=(), size=1, fresh_until=1.0, dead_until=1.0)
        self.slots[name] = slot
        self.sieve.add(slot)

    def visit(self, names: str) -> None:
        for name in names:
            self.slots[name].visited = True

    def remove(self, name: str) -> None:
        self.sieve.remove(self.slots[name])

    def evict(self, count: int = 1) -> str:
        evicted = ""
        for _ in range(count):
            victim = self.sieve.victim()
            self.sieve.remove(victim)
            evicted += victim.key
        return evicted

    def __str__(self) -> str:
        return "".join(slot.key for slot in self.sieve)


def test_what_nobody_asked_for_again_leaves_in_order_of_arrival() -> None:
    assert Queue("abcd").evict(4) == "abcd"


def test_a_visited_slot_is_spared_once_and_keeps_its_place() -> None:
    queue = Queue("abc")
    queue.visit("a")
    assert queue.evict() == "b"
    assert str(queue) == "ac"
    assert queue.evict(2) == "ca"


def test_when_all_were_visited_the_oldest_goes() -> None:
    queue = Queue("abc")
    queue.visit("abc")
    assert queue.evict() == "a"


def test_the_hand_goes_on_to_what_arrived_behind_it_before_it_begins_again() -> None:
    queue = Queue("ab")
    queue.visit("a")
    assert queue.evict() == "b"
    queue.add("c")
    assert queue.evict(2) == "ac"


def test_the_hand_moves_on_when_the_slot_under_it_is_taken_away() -> None:
    queue = Queue("abcd")
    queue.visit("a")
    assert queue.evict() == "b"
    queue.remove("c")
    assert queue.evict() == "d"


def test_slots_may_be_taken_from_anywhere() -> None:
    for name in "abc":
        queue = Queue("abc")
        queue.remove(name)
        assert str(queue) == "abc".replace(name, "")
        assert queue.sieve.size == 2
        queue.add("d")
        assert queue.evict(3) == "abcd".replace(name, "")
        assert str(queue) == ""


def test_a_slot_that_was_taken_away_holds_on_to_no_other() -> None:
    queue = Queue("abc")
    queue.remove("b")
    assert (queue.slots["b"].older, queue.slots["b"].newer) == (None, None)


class Plain:
    """The same by the book, with lists: the queue oldest first, and the hand as a place in it."""

    def __init__(self) -> None:
        self.queue: list[str] = []
        self.visited: set[str] = set()
        self.hand = 0

    def remove(self, name: str) -> None:
        place = self.queue.index(name)
        del self.queue[place]
        self.visited.discard(name)
        self.hand -= place < self.hand
        if self.hand == len(self.queue):
            self.hand = 0

    def evict(self) -> str:
        while self.queue[self.hand] in self.visited:
            self.visited.remove(self.queue[self.hand])
            self.hand = (self.hand + 1) % len(self.queue)
        name = self.queue[self.hand]
        self.remove(name)
        return name


steps = st.lists(
    st.tuples(st.sampled_from(["add", "visit", "visit", "remove", "evict"]), st.integers(0, 9)), max_size=80
)


@given(steps)
def test_it_evicts_what_a_list_by_the_book_evicts(stream: list[tuple[str, int]]) -> None:
    queue, plain, arrived = Queue(""), Plain(), 0
    for step, number in stream:
        if step == "add" or not plain.queue:
            name = chr(ord("A") + arrived)
            arrived += 1
            queue.add(name)
            plain.queue.append(name)
        elif step == "evict":
            assert queue.evict() == plain.evict()
        else:
            name = plain.queue[number % len(plain.queue)]
            if step == "visit":
                queue.visit(name)
                plain.visited.add(name)
            else:
                queue.remove(name)
                plain.remove(name)
        assert str(queue) == "".join(plain.queue)
