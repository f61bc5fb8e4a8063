"""What one warming may cost. Pure."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import islice

LEAST_CALLS = 4
"""What an organisation's part must hold to be of use: its agents, one's configuration and prompt, and its greeting."""


class Allowance:
    """So many calls to origins, and so many characters to be spoken, shared out among `organisations` in equal parts:
    the order in which they come makes no difference, unless there are so many of them that the parts would be of no
    use; then the first have one.

    One that has failed `failures` times at an origin does not ask that origin again. Nobody does after as many failures
    in a row, unless they are all of one organisation and there are others: then it may be what that one asks for.
    """

    def __init__(self, *, calls: int, characters: int, organisations: Collection[str], failures: int = 3) -> None:
        self._parts: dict[str, _Part] = {}
        self._several = len(organisations) > 1
        self._failures = failures
        self._failed: Counter[tuple[str, str]] = Counter()
        self._in_a_row: defaultdict[str, list[str]] = defaultdict(list)
        self._share_out(calls, characters, organisations)

    def left(self) -> tuple[int, int]:
        """Calls and characters that nobody has taken."""
        parts = {id(part): part for part in self._parts.values()}.values()
        return sum(part.calls for part in parts), sum(part.characters for part in parts)

    def share_again(self, organisations: Collection[str]) -> None:
        """What all have left is from now on for these alone."""
        self._share_out(*self.left(), organisations)

    def put_together(self, organisations: Collection[str]) -> None:
        """What all have left is from now on one part, for whichever of these comes first."""
        self._parts = dict.fromkeys(organisations, _Part(*self.left()))

    def take(self, origin: str, organisation: str, characters: int) -> bool:
        """Whether a call may be made for the organisation; it then counts."""
        part = self._parts.get(organisation, _NOTHING)
        if self.given_up(origin, organisation) or part.calls < 1 or part.characters < characters:
            return False
        part.calls -= 1
        part.characters -= characters
        return True

    def give_back(self, organisation: str, characters: int) -> None:
        """A call that was taken turned out not to be needed: somebody else had made it."""
        part = self._parts[organisation]
        part.calls += 1
        part.characters += characters

    def record_failure(self, origin: str, organisation: str) -> None:
        """Record that the origin failed a call: it could not be reached, was too slow, or said so."""
        self._failed[origin, organisation] += 1
        self._in_a_row[origin].append(organisation)

    def record_answer(self, origin: str) -> None:
        """Record that the origin answered a call. A refusal is an answer: it says nothing about the origin's health."""
        self._in_a_row[origin].clear()

    def given_up(self, origin: str, organisation: str) -> bool:
        """Whether the origin has failed too often for this organisation, or for all."""
        row = self._in_a_row[origin]
        everybody = len(row) >= self._failures and (len(set(row)) > 1 or not self._several)
        return everybody or self._failed[origin, organisation] >= self._failures

    def _share_out(self, calls: int, characters: int, organisations: Collection[str]) -> None:
        some = list(islice(organisations, max(1, calls // LEAST_CALLS)))
        parts = zip(_shares(calls, len(some)), _shares(characters, len(some)), strict=True)
        self._parts = {name: _Part(*part) for name, part in zip(some, parts, strict=True)}


@dataclass(slots=True)
class _Part:
    calls: int
    characters: int


_NOTHING = _Part(0, 0)


def _shares(total: int, parts: int) -> Iterator[int]:
    """`total` in parts that differ by one at most."""
    return (total // parts + (number < total % parts) for number in range(parts))


@dataclass(slots=True)
class _Place:
    takers: int = 0
    """Those who have taken it, and neither filled nor left it yet."""
    size: int | None = None
    """None until it is filled."""


class Room:
    """What L1 can hold of one cache, so that warming does not push out what it has just brought. Sizes in bytes.

    Each of so many `organisations` has room for its part whatever the others hold: L1 takes it from who has most.
    Several may take one place, as two questions with one answer do; each fills it or leaves it, once for each `take`.
    """

    def __init__(self, *, entries: int, size: int, organisations: int = 1) -> None:
        self._entries = entries
        self._left = size
        self._part = entries // max(1, organisations), size // max(1, organisations)
        self._held: dict[tuple[str, object], _Place] = {}
        self._of: Counter[str] = Counter()
        self._size_of: Counter[str] = Counter()

    def take(self, organisation: str, name: object) -> bool:
        """Whether there is a place for this one; it is then taken, until all who took it have left it."""
        key = organisation, name
        place = self._held.get(key)
        if place is None:
            if not self._fits(organisation):
                return False
            place = self._held[key] = _Place()
            self._of[organisation] += 1
        place.takers += 1
        return True

    def fill(self, organisation: str, name: object, size: int) -> None:
        """The place is filled, with so much."""
        place = self._held[organisation, name]
        more = size - (place.size or 0)
        self._left -= more
        self._size_of[organisation] += more
        place.size = size
        place.takers -= 1

    def leave(self, organisation: str, name: object) -> None:
        """One taker has nothing for the place. It is free again if nobody else has, or may yet have."""
        place = self._held[organisation, name]
        place.takers -= 1
        if place.takers == 0 and place.size is None:
            del self._held[organisation, name]
            self._of[organisation] -= 1

    def _fits(self, organisation: str) -> bool:
        entries, size = self._part
        own = self._of[organisation] < entries and self._size_of[organisation] < size
        return own or (len(self._held) < self._entries and self._left > 0)
