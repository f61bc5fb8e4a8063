"""Which questions an organisation's callers ask most, so that a cold worker can be warmed with them.

Questions are sensitive, so little is kept of them. A question's text leaves this process only when it was asked
`minimum` distinct times; until then the store sees a digest. Callers are not known here, only their organisation, so
distinct means: in another minute, or on another worker. What looks like somebody's own data is not counted at all,
and an organisation may opt out. Counting is a few dictionary operations; a flush that fails is forgotten.
"""

import asyncio
import contextlib
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Protocol

from warmline.background import Background
from warmline_cache.errors import StoreUnavailable

EVERYBODY = "*"
"""In a list of organisations: all of them, those as well that come later."""

LONGEST = 200
"""Characters. Longer questions are stories, seldom told twice."""

_PENDING = 10_000
_PERSONAL = re.compile(r"@|\d(?:[\s.-]?\d){5}")
"""An address, or six digits: a telephone, a card, an order."""


@dataclass(frozen=True, slots=True)
class Question:
    """What the callers of one agent ask, normalised."""

    agent: str
    text: str

    @property
    def digest(self) -> bytes:
        """What stands for it where its text must not; 128 bits of BLAKE2b."""
        return blake2b(f"{self.agent}\0{self.text}".encode("utf-8", "surrogatepass"), digest_size=16).digest()


@dataclass(frozen=True, slots=True)
class Ranked:
    """A question and its weight: how often it was asked, yesterday's asking counted half of today's, and so on."""

    question: Question
    weight: float


class PopularStore(Protocol):
    """Counts shared by all workers, by organisation. Every method raises StoreUnavailable when it cannot be done."""

    async def distinct(self, organisation: str, digests: Sequence[bytes], *, new: Collection[bytes]) -> Sequence[int]:
        """How many distinct askings of each there are, now that one more was noted of each `new` one."""

    async def add(self, organisation: str, counts: Mapping[Question, int], *, day: int) -> None:
        """Count so many askings more of each question on a day, as days since 1970."""

    async def top(self, organisation: str, limit: int, *, day: int) -> Sequence[Ranked]:
        """The questions asked most until `day`, heaviest first."""

    async def forget(self, organisation: str, *, day: int) -> None:
        """Remove all that is kept of an organisation."""


class Popular(Background):
    """Counts questions in memory; from `start` on forgets whoever opted out, and flushes the counts every second.

    What was not flushed when it is closed is forgotten.

    `minimum` is how many distinct askings a question needs before its text is stored; `wall` is the time of day in
    seconds.
    """

    def __init__(
        self,
        store: PopularStore,
        *,
        minimum: int,
        opted_out: Collection[str],
        wall: Callable[[], float],
        every: float = 1.0,
    ) -> None:
        super().__init__(self._run, name="popular questions")
        self._store = store
        self._minimum = minimum
        self._opted_out = frozenset(opted_out)
        self._wall = wall
        self._every = every
        self._pending: dict[str, dict[Question, int]] = {}
        self._size = 0
        self._noted: set[tuple[str, bytes]] = set()
        self._minute = 0

    def counts(self, organisation: str) -> bool:
        """Whether this organisation's questions are counted."""
        return organisation not in self._opted_out and EVERYBODY not in self._opted_out

    def count_question(self, organisation: str, agent: str, text: str) -> None:
        """Count a normalised question."""
        if not self.counts(organisation) or not impersonal(text) or self._size >= _PENDING:
            return
        pending = self._pending.setdefault(organisation, {})
        question = Question(agent, text)
        self._size += question not in pending
        pending[question] = pending.get(question, 0) + 1

    async def top(self, organisation: str, limit: int) -> Sequence[Ranked]:
        """The questions asked most, heaviest first; none if they cannot be had."""
        if not self.counts(organisation):
            return ()
        try:
            return await self._store.top(organisation, limit, day=self._day())
        except StoreUnavailable:
            return ()

    async def flush(self) -> None:
        """Hand over what was counted since the last time."""
        pending, self._pending, self._size = self._pending, {}, 0
        for organisation, counts in pending.items():
            with contextlib.suppress(StoreUnavailable):
                await self._hand_over(organisation, counts)

    async def _run(self) -> None:
        unforgotten = set(self._opted_out - {EVERYBODY})
        while True:
            await asyncio.sleep(self._every)
            await self.flush()
            for organisation in tuple(unforgotten):
                with contextlib.suppress(StoreUnavailable):
                    await self._store.forget(organisation, day=self._day())
                    unforgotten.discard(organisation)

    async def _hand_over(self, organisation: str, counts: Mapping[Question, int]) -> None:
        digests = [question.digest for question in counts]
        new = self._new(organisation, digests)
        distinct = await self._store.distinct(organisation, digests, new=new)
        self._noted.update((organisation, digest) for digest in new)
        often = {
            question: count
            for (question, count), times in zip(counts.items(), distinct, strict=True)
            if times >= self._minimum
        }
        if often:
            await self._store.add(organisation, often, day=self._day())

    def _new(self, organisation: str, digests: Sequence[bytes]) -> set[bytes]:
        """Those that this worker has not noted in this minute."""
        minute = int(self._wall() // 60)
        if minute != self._minute:
            self._minute = minute
            self._noted.clear()
        return {digest for digest in digests if (organisation, digest) not in self._noted}

    def _day(self) -> int:
        return int(self._wall() // 86_400)


def impersonal(text: str) -> bool:
    """Whether a question looks like one that others ask too."""
    return len(text) <= LONGEST and not _PERSONAL.search(text)


def merge(days: Sequence[Mapping[Question, float]], limit: int) -> list[Ranked]:
    """The heaviest questions of several days, the latest first; each day weighs half of the next. Pure."""
    weights: dict[Question, float] = {}
    for age, counts in enumerate(days):
        for question, count in counts.items():
            weights[question] = weights.get(question, 0.0) + count / 2**age
    ranked = [Ranked(question, weight) for question, weight in weights.items()]
    ranked.sort(key=lambda one: (-one.weight, one.question.agent, one.question.text))
    return ranked[:limit]
