"""Which trace is played: one that was recorded, one drawn from utterances, or one invented; and how fast."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import msgspec

from tests.measure.evidence.steps import Step, steps
from warmline_studies.traces import Entry, Kind, Shape, Uttered, describe, generate, invent_tenants, line, read

MOST_FACTOR = 40.0
"""How much faster than in truth a trace may be played: beyond that a load would outlast an entry of `config`."""

SEED = 7


@dataclass(frozen=True, slots=True)
class Size:
    """How much is played: so many seconds of replay, requests a second on average, and workers."""

    seconds: float
    rate: float
    workers: int


FULL = Size(seconds=90, rate=100, workers=10)
QUICK = Size(seconds=6, rate=60, workers=3)


@dataclass(frozen=True, slots=True)
class Trace:
    """What is played in `seconds`, `factor` times faster than in truth. `about` says what it is, line by line."""

    steps: list[Step]
    seconds: float
    factor: float
    about: list[str]
    digest: str


def chosen(path: Path | None, size: Size) -> Trace:
    """The trace of a file, of a file of utterances, or an invented one, cut to the size. Raises TraceError, OSError."""
    if path is None:
        source, entries = f"invented, seed {SEED}: {_invented(size)}", generate(_invented(size), SEED)
    elif _uttered(path):
        shape = _invented(size)
        source = f"drawn from the utterances of {path.name}, seed {SEED}: {shape}"
        entries = generate(shape, SEED, Uttered(path))
    else:
        source, entries = f"{path.name}", read(path)
    return _trace(source, list(_cut(entries, size)), size)


def _invented(size: Size) -> Shape:
    """Half an hour at a few clinics on a busy morning: four organisations of two agents each."""
    requests_in_a_conversation = 7.15  # a greeting, three questions of two requests each, a redial now and then
    return Shape(
        tenants=invent_tenants(4, 2),
        conversations=round(size.rate * size.seconds / requests_in_a_conversation),
        seconds=20 * size.seconds,
        day=160 * size.seconds,
        callers=600,
        questions=40,
        zipf=1.1,
        follow_ups=0.2,
        swing=0,
        updates=0,
        changes=0,
    )


def _uttered(path: Path) -> bool:
    with path.open("rb") as file:
        first = file.readline()
    try:
        return "intent" in msgspec.json.decode(first, type=dict[str, object])
    except (msgspec.DecodeError, UnicodeError, RecursionError):  # what is wrong with it, its reader will say
        return False


def _cut(entries: Iterable[Entry], size: Size) -> Iterator[Entry]:
    """The beginning of a trace: no more requests than the size allows, and no longer than MOST_FACTOR allows."""
    requests, began = 0, None
    for entry in entries:
        began = entry.at if began is None else began
        requests += {Kind.GREETING: 1, Kind.QUESTION: 2}.get(entry.kind, 0)
        if requests > 1.2 * size.rate * size.seconds or entry.at - began > MOST_FACTOR * size.seconds:
            return
        yield entry


def _trace(source: str, entries: list[Entry], size: Size) -> Trace:
    span = entries[-1].at - entries[0].at
    factor = max(1.0, span / size.seconds)
    digest = sha256(b"".join(map(line, entries))).hexdigest()
    return Trace(
        list(steps(entries, factor)), max(1.0, span / factor), factor, [source, *describe(entries).lines()], digest
    )
