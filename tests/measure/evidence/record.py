"""What is written down of a run."""

import msgspec

LOAD = "origin"
"""The source of a lookup that cost a load and made its caller wait for it; every other is a hit."""


class Seen(msgspec.Struct, frozen=True, array_like=True):
    """One request as its caller saw it: sent `at` seconds of the replay, `late` seconds after it was due.

    `what` is `answer` or `speech`, `text` what was asked or said, `sources` who answered each lookup, `first` and
    `whole` the milliseconds to the first byte and to the last. A request that failed has no sources.
    """

    at: float
    late: float
    what: str
    organisation: str
    agent: str
    text: str
    sources: dict[str, str]
    first: float
    whole: float
    slot: str
    status: int


class Change(msgspec.Struct, frozen=True, array_like=True):
    """Every worker had forgotten, `at` seconds of the replay and after `milliseconds`: an agent's, else knowledge."""

    at: float
    organisation: str
    agent: str
    milliseconds: float


class Worker(msgspec.Struct, frozen=True):
    """What one worker process held at its end, in bytes, and what its life had cost. `failures` are Redis calls that it
    gave up, by what they were for."""

    rss: int
    l1: dict[str, int]
    cost: dict[str, float]
    saved: dict[str, float]
    leases: dict[str, float]
    failures: dict[str, float]


class Run(msgspec.Struct, frozen=True):
    """One row, as measured. `replaced` are workers that a deploy ended; `calls` is what the providers were asked."""

    seen: list[Seen]
    changes: list[Change]
    workers: list[Worker]
    replaced: list[Worker]
    calls: dict[str, int]
    redis_bytes: int
    load: str
