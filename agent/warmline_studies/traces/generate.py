"""Invented traces: conversations that come and go as on a day. The same shape and seed make the same trace.

Calls arrive as a Poisson process whose rate follows the hour (by thinning: Lewis and Shedler, 1979). A conversation is
a greeting and some questions. Only the conversations under way are kept in memory.
"""

import math
from collections.abc import Iterator
from heapq import heappop, heappush
from itertools import count
from random import Random

from warmline_studies.traces.catalogue import Catalogue, Invented, respell, reword
from warmline_studies.traces.entry import Entry, Kind
from warmline_studies.traces.popularity import Zipf
from warmline_studies.traces.shape import Shape, address

HOURS = 24

REDIAL_SECONDS = 90.0


class _Callers:
    """Callers: each has one organisation, agent and address for ever."""

    def __init__(self, shape: Shape, seed: int) -> None:
        self._shape = shape
        self._seed = seed
        self._organisations = list(shape.tenants)

    def place(self, caller: int) -> tuple[str, str, str]:
        """Find a caller's organisation, agent and address. Half of the callers want the organisation's first agent;
        some addresses are shared by many more callers than others."""
        own = Random(f"{self._seed}/caller/{caller}")
        organisation = own.choice(self._organisations)
        agents = self._shape.tenants[organisation]
        agent = agents[0] if own.random() < 0.5 else own.choice(agents)
        return organisation, agent, address(int(own.random() ** 2 * self._shape.addresses))


class _Questions:
    """Questions: each organisation has a ranking of subjects for the day, and another for each hour."""

    def __init__(self, shape: Shape, catalogue: Catalogue, seed: int) -> None:
        self._shape = shape
        self._catalogue = catalogue
        self._seed = seed
        self._law = Zipf(len(catalogue), shape.zipf)
        self._rankings: dict[tuple[str, int | None], list[int]] = {}

    def ask(self, organisation: str, at: float, random: Random, before: int | None) -> tuple[int, str, str]:
        """Draw subject, text and answer of the question that follows a question about `before`."""
        shape = self._shape
        further = before is not None and random.random() < shape.follow_ups
        subject = before if further and before is not None else self._subject(organisation, at, random)
        text, answer = self._catalogue.ask(subject, random, further=further)
        if random.random() < shape.wording:
            text = reword(text, random)
        if random.random() < shape.spelling:
            text = respell(text, random)
        return subject, text, answer

    def _subject(self, organisation: str, at: float, random: Random) -> int:
        hour = int(at / self._shape.day * HOURS) if random.random() < self._shape.drift else None
        return self._ranking(organisation, hour)[self._law.draw(random)]

    def _ranking(self, organisation: str, hour: int | None) -> list[int]:
        found = self._rankings.get((organisation, hour))
        if found is None:
            if hour is not None:  # hours that are over are not asked about again
                self._rankings = {
                    place: ranking
                    for place, ranking in self._rankings.items()
                    if place[0] != organisation or place[1] is None
                }
            found = list(range(len(self._catalogue)))
            Random(f"{self._seed}/{organisation}/{hour}").shuffle(found)
            self._rankings[organisation, hour] = found
        return found


def generate(shape: Shape, seed: int, catalogue: Catalogue | None = None) -> Iterator[Entry]:
    """Invent entries in order, one at a time; questions are drawn from `catalogue`, else `Invented(shape.questions)`.

    Conversations that go on when `shape.seconds` have passed are cut there.
    """
    random = Random(f"{seed}/trace")
    callers = _Callers(shape, seed)
    questions = _Questions(shape, catalogue or Invented(shape.questions), seed)
    changes = _changes(shape, Random(f"{seed}/changes"))
    change = next(changes)
    waiting: list[tuple[float, int, Entry]] = []
    order = count()
    for began in _arrivals(shape, random):
        while change.at < began:
            heappush(waiting, (change.at, next(order), change))
            change = next(changes)
        yield from _due(waiting, began)
        for entry in _conversation(shape, began, callers.place(random.randrange(shape.callers)), questions, random):
            heappush(waiting, (entry.at, next(order), entry))
    yield from _due(waiting, shape.seconds)


def _due(waiting: list[tuple[float, int, Entry]], until: float) -> Iterator[Entry]:
    while waiting and waiting[0][0] < until:
        yield heappop(waiting)[2]


def _arrivals(shape: Shape, random: Random) -> Iterator[float]:
    """Draw the seconds at which conversations begin: fewest at the beginning of a day, most in its middle."""
    turn = 2 * math.pi / shape.day
    mean = shape.conversations / (shape.seconds - shape.swing * math.sin(turn * shape.seconds) / turn)
    at = 0.0
    while True:
        at += random.expovariate(mean * (1 + shape.swing))
        if at >= shape.seconds:
            return
        if random.random() * (1 + shape.swing) < 1 - shape.swing * math.cos(turn * at):
            yield at


def _conversation(
    shape: Shape, began: float, place: tuple[str, str, str], questions: _Questions, random: Random
) -> Iterator[Entry]:
    organisation, agent, caller = place
    at, subject = began, None
    yield Entry(round(at, 3), organisation, agent, caller, Kind.GREETING, "")
    while random.random() < 1 - 1 / (shape.turns + 1):
        at += random.expovariate(1 / shape.pause)
        subject, text, answer = questions.ask(organisation, at, random, subject)
        yield Entry(round(at, 3), organisation, agent, caller, Kind.QUESTION, text, answer)
    if random.random() < shape.redials:
        at += random.expovariate(1 / REDIAL_SECONDS)
        yield Entry(round(at, 3), organisation, agent, caller, Kind.GREETING, "")


def _changes(shape: Shape, random: Random) -> Iterator[Entry]:
    """Draw changes at any time of the day; the last one never happens."""
    organisations = list(shape.tenants)
    each = shape.updates + shape.changes
    at = 0.0
    while each and at < shape.seconds:
        at += random.expovariate(len(organisations) * each / shape.day)
        organisation = random.choice(organisations)
        if random.random() * each < shape.updates:
            yield Entry(round(at, 3), organisation, "", "", Kind.INVALIDATE, "knowledge")
        else:
            agent = random.choice(shape.tenants[organisation])
            yield Entry(round(at, 3), organisation, agent, "", Kind.INVALIDATE, "agent")
    yield Entry(math.inf, "", "", "", Kind.INVALIDATE, "")
