"""What one warming may cost. Pure."""

from collections import Counter


class Allowance:
    """So many calls to origins, and so many characters to be spoken; nothing of an origin that keeps failing."""

    def __init__(self, *, calls: int, characters: int, failures: int = 3) -> None:
        self.calls = calls
        self.characters = characters
        self._failures = failures
        self._failed: Counter[str] = Counter()

    def take(self, origin: str, characters: int) -> bool:
        """Whether a call may be made; it then counts."""
        if self._failed[origin] >= self._failures or self.calls < 1 or self.characters < characters:
            return False
        self.calls -= 1
        self.characters -= characters
        return True

    def give_back(self, characters: int) -> None:
        """A call that was taken turned out not to be needed: somebody else had made it."""
        self.calls += 1
        self.characters += characters

    def failed(self, origin: str) -> None:
        """A call that was taken failed."""
        self._failed[origin] += 1


class Room:
    """What L1 can hold of one cache, so that warming does not push out what it has just brought. Sizes in bytes."""

    def __init__(self, *, entries: int, size: int) -> None:
        self._entries = entries
        self._left = size
        self._held: dict[object, int] = {}

    def take(self, name: object) -> bool:
        """Whether there is a place for this one; it is then taken, until it is left."""
        fits = name in self._held or (len(self._held) < self._entries and self._left > 0)
        if fits:
            self._held.setdefault(name, 0)
        return fits

    def fill(self, name: object, size: int) -> None:
        """The place is filled, with so much."""
        self._left -= size - self._held[name]
        self._held[name] = size

    def leave(self, name: object) -> None:
        """The place is free again."""
        self._left += self._held.pop(name)
