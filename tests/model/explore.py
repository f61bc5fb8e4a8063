"""Every interleaving of a small model: breadth first over its states, so that the first violation is a shortest one."""

from collections import deque
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

S = TypeVar("S", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Trace:
    """How a state came about, one line for each step, and what is wrong there."""

    steps: tuple[str, ...]
    wrong: str

    def __str__(self) -> str:
        lines = [f"{number:3}. {step}" for number, step in enumerate(self.steps, 1)]
        return "\n".join([*lines, f"  => {self.wrong}"])


@dataclass(frozen=True, slots=True)
class Explored:
    """How much was looked at, and what was found: the shortest way to something wrong, or else the shortest way to a
    state from which no settled one can be reached."""

    states: int
    steps: int
    depth: int
    violation: Trace | None
    stuck: Trace | None = None

    def __str__(self) -> str:
        return f"{self.states} states, {self.steps} steps, depth {self.depth}"


class Explorer(Generic[S]):
    """Explores from `start` whatever `steps` (what happens, and the state after) leads to.

    `wrong` names what must not be, or is empty. `settled` tells the states that must remain within reach of every
    state; without it that is not looked at, which saves memory. More than `limit` states are refused: the model is to
    be bounded, not the search.
    """

    def __init__(
        self,
        steps: Callable[[S], Iterable[tuple[str, S]]],
        wrong: Callable[[S], str],
        *,
        settled: Callable[[S], bool] | None = None,
        limit: int = 1_000_000,
    ) -> None:
        self._steps = steps
        self._wrong = wrong
        self._settled = settled
        self._limit = limit

    def explore(self, start: S) -> Explored:
        """Look at every reachable state, or stop at the first wrong one."""
        came: dict[S, tuple[S, str] | None] = {start: None}
        before: dict[S, list[S]] = {}
        waiting = deque([(start, 0)])
        taken = depth = 0
        while waiting:
            state, depth = waiting.popleft()
            wrong = self._wrong(state)
            if wrong:
                return Explored(len(came), taken, depth, _trace(came, state, wrong))
            for label, after in self._steps(state):
                taken += 1
                if self._settled is not None:
                    before.setdefault(after, []).append(state)
                if after not in came:
                    came[after] = (state, label)
                    waiting.append((after, depth + 1))
            if len(came) > self._limit:
                raise MemoryError(f"more than {self._limit} states: bound the model")
        return Explored(len(came), taken, depth, None, self._stuck(came, before))

    def _stuck(self, came: dict[S, tuple[S, str] | None], before: dict[S, list[S]]) -> Trace | None:
        """Walk back from all settled states: whoever is not met on the way is stuck."""
        if self._settled is None:
            return None
        met = {state for state in came if self._settled(state)}
        waiting = list(met)
        while waiting:
            for state in before.get(waiting.pop(), ()):
                if state not in met:
                    met.add(state)
                    waiting.append(state)
        stuck = next((state for state in came if state not in met), None)
        return None if stuck is None else _trace(came, stuck, "from here on nothing settles any more")


def _trace(came: dict[S, tuple[S, str] | None], state: S, wrong: str) -> Trace:
    labels = []
    origin = came[state]
    while origin is not None:
        state, label = origin
        labels.append(label)
        origin = came[state]
    return Trace(tuple(reversed(labels)), wrong)
