"""A log of requests → what they looked up. Pure."""

from collections.abc import Iterable, Iterator

from tests.measure.evidence.record import Seen
from tests.measure.evidence.scale import load_seconds
from tests.measure.evidence.shown.best import Lookup
from tests.measure.evidence.steps import LANGUAGE, phase_at
from warmline.services.normalise import normalise


def lookups(seen: Iterable[Seen], seconds: float) -> Iterator[Lookup]:
    """What each request that was answered looked up, in the log's order."""
    for one in seen:
        phase = phase_at(one.at, seconds)
        for cache in one.sources:
            yield _lookup(one, cache, phase)


def _lookup(one: Seen, cache: str, phase: str) -> Lookup:
    key = normalise(one.text, LANGUAGE) if cache == "rag" else one.text if cache == "tts" else ""
    agent = "" if cache == "rag" else one.agent
    return Lookup(one.at, cache, one.organisation, agent, key, load_seconds(cache, one.text), phase)
