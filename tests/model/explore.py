"""Every interleaving of a small model: breadth first over its states, so that the first violation is a shortest one."""

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
        numbers, states = {start: 0}, [start]  # a state is hashed once for each step to it: hashing takes the most time
        came: list[tuple[int, str] | None] = [None]
        before: list[list[int]] = [[]]
        taken = number = depth = 0
        ends = 1  # the number of the first state that is a step deeper
        while number < len(states):
            if number == ends:
                depth, ends = depth + 1, len(states)
            wrong = self._wrong(states[number])
            if wrong:
                return Explored(len(states), taken, depth, _trace(came, number, wrong))
            for label, after in self._steps(states[number]):
                taken += 1
                found = numbers.setdefault(after, len(states))
                if found == len(states):
                    states.append(after)
                    came.append((number, label))
                    before.append([])
                if self._settled is not None:
                    before[found].append(number)
            if len(states) > self._limit:
                raise MemoryError(f"more than {self._limit} states: bound the model")
            number += 1
        return Explored(len(states), taken, depth, None, self._stuck(states, came, before))

    def _stuck(self, states: list[S], came: list[tuple[int, str] | None], before: list[list[int]]) -> Trace | None:
        """Walk back from all settled states: whoever is not met on the way is stuck."""
        if self._settled is None:
            return None
        waiting = [number for number, state in enumerate(states) if self._settled(state)]
        met = set(waiting)
        while waiting:
            for number in before[waiting.pop()]:
                if number not in met:
                    met.add(number)
                    waiting.append(number)
        stuck = next((number for number in range(len(states)) if number not in met), None)
        return None if stuck is None else _trace(came, stuck, "from here on nothing settles any more")


def _trace(came: list[tuple[int, str] | None], state: int, wrong: str) -> Trace:
    labels = []
    origin = came[state]
    while origin is not None:
        state, label = origin
        labels.append(label)
        origin = came[state]
    return Trace(tuple(reversed(labels)), wrong)
