"""L1 against a dictionary with deadlines, whatever comes in whatever order."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from warmline.cache.memory import OVERHEAD, Memory

KEYS = st.sampled_from([f"k{n}" for n in range(12)])
TENANTS = ("a", "b", "c")
GROUPS = ("g", "h")


class AgainstADictionary(RuleBasedStateMachine):
    """What is found is what was put last, alive and not invalidated; or nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.memory: Memory[int] = Memory(max_bytes=6 * (OVERHEAD + 50), max_entries=7, removed=self._left)
        self.model: dict[str, tuple[int, float, tuple[str, ...]]] = {}
        self.now = 1000.0
        self.puts = 0
        self.left = 0

    def _left(self, cause: object, count: int) -> None:
        self.left += count

    @rule(key=KEYS, size=st.integers(0, 400), ttl=st.floats(-1, 20), groups=st.sets(st.sampled_from(GROUPS)))
    def put(self, key: str, size: int, ttl: float, groups: set[str]) -> None:
        self.puts += 1
        kept = self.memory.put(
            key,
            self.puts,
            tenant=TENANTS[int(key[1:]) % 3],
            groups=tuple(sorted(groups)),
            size=size,
            fresh_until=self.now,
            dead_until=self.now + ttl,
            now=self.now,
        )
        self.model.pop(key, None)
        if kept:
            self.model[key] = (self.puts, self.now + ttl, tuple(groups))
        else:
            self.puts -= 1
            assert self.now + ttl <= self.now or size + OVERHEAD > 6 * (OVERHEAD + 50)

    @rule(key=KEYS)
    def get(self, key: str) -> None:
        slot = self.memory.get(key, self.now)
        if slot is None:
            return
        value, until, _ = self.model[key]
        assert slot.value == value
        assert self.now < until

    @rule(key=KEYS)
    def drop(self, key: str) -> None:
        self.memory.drop(key)
        self.model.pop(key, None)

    @rule(group=st.sampled_from(GROUPS))
    def drop_group(self, group: str) -> None:
        self.memory.drop_group(group)
        self.model = {key: entry for key, entry in self.model.items() if group not in entry[2]}

    @rule()
    def clear(self) -> None:
        self.memory.clear()
        self.model.clear()

    @rule(seconds=st.floats(0, 30))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @invariant()
    def the_books_add_up(self) -> None:
        self.memory.check()
        assert self.puts - self.left == len(self.memory)


AgainstADictionary.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestMemory = AgainstADictionary.TestCase
