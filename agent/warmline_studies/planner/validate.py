"""The planner against what `make evidence` measured, row by row: the error of each hit ratio, in points.

It is read from evidence.json: `trace` with its `seconds` of replay, the `factor` by which that was faster than in
truth, and the `digest` of its lines; `rows` with their `letter`, number of `workers`, and for each of the `caches` its
`hits` and the `shares` of those who answered. A deploy in the middle replaces half of the workers, and after three
quarters the busiest organisation's knowledge changes. What the planner does not know of it: how long anything but a
load took, and what new workers were warmed with.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from heapq import merge
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec

from warmline.settings import Profile
from warmline_cache import Source
from warmline_studies.planner.affinity import Affinity
from warmline_studies.planner.fleet import Fleet, Restart, fleet_of
from warmline_studies.planner.lookups import CACHES, Origin, Script
from warmline_studies.planner.outcome import Outcome
from warmline_studies.planner.report import table
from warmline_studies.planner.simulation import simulate
from warmline_studies.traces import Entry, Kind, line
from warmline_studies.traces.errors import TraceError

GOAL = 0.02
"""The largest error of a predicted hit ratio that passes."""

Letter = Literal["a", "b", "c", "d", "e", "f"]

if TYPE_CHECKING:
    Cache = str
else:
    Cache = Literal[CACHES]  # msgspec then refuses a name that is none of theirs

SETUPS: Mapping[Letter, tuple[Affinity, bool]] = {
    "a": (Affinity.NONE, False),
    "b": (Affinity.NONE, False),
    "c": (Affinity.IP_HASH, False),
    "d": (Affinity.SESSION, False),
    "e": (Affinity.NONE, True),
    "f": (Affinity.IP_HASH, True),
}
"""Each row's affinity, and whether its entries were in Redis too."""

ORIGIN = Origin(first=1.0, chunk=0.4, sample_rate=8000)
"""The simulated providers as they were run."""

LANGUAGE = "en-IN"


Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
More = Annotated[float, msgspec.Meta(gt=0, le=1e9)]
"""A number above 0."""


class Shares(msgspec.Struct, frozen=True):
    """The part of all lookups that each layer answered, by the names of `Source`."""

    l1: Share
    l2: Share
    joined: Share
    stale: Share
    origin: Share


class Measured(msgspec.Struct, frozen=True):
    """One cache of one row: the ratio of hits, and the part that each layer answered."""

    hits: Share
    shares: Shares


class EvidenceRow(msgspec.Struct, frozen=True):
    """One fleet."""

    letter: Letter
    workers: Annotated[int, msgspec.Meta(ge=1, le=1000)]
    caches: Annotated[dict[Cache, Measured], msgspec.Meta(min_length=1)]


class Replayed(msgspec.Struct, frozen=True):
    """The trace, as it was played."""

    seconds: More
    factor: More
    digest: str


class Evidence(msgspec.Struct, frozen=True):
    """The part of the file that is read."""

    trace: Replayed
    rows: Annotated[list[EvidenceRow], msgspec.Meta(min_length=1)]


@dataclass(frozen=True, slots=True)
class Error:
    """The error of one hit ratio and of each layer's part: predicted less measured."""

    letter: str
    workers: int
    cache: str
    measured: float
    predicted: float
    layers: Mapping[str, float]

    @property
    def points(self) -> float:
        """Percentage points."""
        return 100 * (self.predicted - self.measured)


def read_evidence(path: Path) -> Evidence:
    """Read the file. Raises OSError, and TraceError if it is something else."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Evidence)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise TraceError([f"{path}: {error}"]) from error


def recognise(evidence: Evidence, entries: Iterable[Entry]) -> None:
    """Raise TraceError if another trace was measured. No entry is kept, for the trace may have any length."""
    digest = sha256()
    for entry in entries:
        digest.update(line(entry))
    if digest.hexdigest() != evidence.trace.digest:
        raise TraceError(
            ["this is not the trace that was measured: name its file with --trace, or its --shape and --seed"]
        )


def errors(evidence: Evidence, entries: Sequence[Entry], profile: Profile) -> Iterator[Error]:
    """Predict each row on the trace that was measured, and compare each hit ratio."""
    played = list(_replay(entries, evidence.trace))
    for row in evidence.rows:
        outcome = simulate(
            played, _fleet(row, evidence.trace, profile), Script(ORIGIN, sessions=False, language=LANGUAGE)
        )
        for cache, measured in row.caches.items():
            yield _error(row, cache, measured, outcome)


def good(found: Iterable[Error]) -> bool:
    """Tell whether all errors are within GOAL."""
    return all(_good(one) for one in found)


def _good(one: Error) -> bool:
    return abs(one.points) <= 100 * GOAL


def lines(rows: Sequence[Error]) -> Iterator[str]:
    """Write a table, and how many errors are within GOAL."""
    layers = [source.value for source in Source]
    yield from table(
        ("row", "cache", "measured", "predicted", "error", *layers),
        [
            (
                f"{one.letter}, {one.workers} workers",
                one.cache,
                f"{one.measured:.1%}",
                f"{one.predicted:.1%}",
                f"{one.points:+.1f}",
                *(f"{100 * one.layers[layer]:+.1f}" for layer in layers),
            )
            for one in rows
        ],
    )
    worst = max(rows, key=lambda one: abs(one.points))
    within = sum(map(_good, rows))
    yield (
        f"within {100 * GOAL:g} points: {within} of {len(rows)}; the worst is {worst.cache} in row {worst.letter} with "
        f"{worst.points:+.1f} points"
    )


def _replay(entries: Sequence[Entry], trace: Replayed) -> Iterator[Entry]:
    """Give the entries at their times in the replay, with the update of knowledge that was made in it."""
    began = entries[0].at
    busiest = Counter(entry.organisation for entry in entries).most_common(1)[0][0]
    update = Entry(trace.seconds * 3 / 4, busiest, "", "", Kind.INVALIDATE, "")
    played = (msgspec.structs.replace(entry, at=(entry.at - began) / trace.factor) for entry in entries)
    return merge(played, [update], key=lambda entry: entry.at)


def _fleet(row: EvidenceRow, trace: Replayed, profile: Profile) -> Fleet:
    affinity, shared = SETUPS[row.letter]
    restart = Restart(trace.seconds / 2, max(1, row.workers // 2))
    return fleet_of(
        profile, workers=row.workers, affinity=affinity, shared=shared, faster=trace.factor, restarts=(restart,)
    )


def _error(row: EvidenceRow, cache: str, measured: Measured, outcome: Outcome) -> Error:
    layers = {source.value: outcome.share(cache, source) - getattr(measured.shares, source.value) for source in Source}
    return Error(row.letter, row.workers, cache, measured.hits, outcome.hit_ratio(cache), layers)
