"""From an entry of a trace to what the worker looks up for it, in the worker's order. Pure.

    greeting    config ─► tts
    question    config ─► prompt, rag ─► (over requests: config ─►) tts

Over requests, an answer is a request and its speech another, and the two may reach different workers.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from warmline.accounts.prices import PRICES, Prices
from warmline.caches import CACHES as TRAITS
from warmline.caches import TRACED, TRACED_BY_GROUP
from warmline.services.folding import compose
from warmline.services.normalise import normalise
from warmline_studies.traces import Entry, Kind

CACHES = TRACED
"""The caches that `Script` looks up."""

_SECONDS_PER_CHARACTER = 0.06
_NO_GREETING = "Hello, you have reached us. What can I do for you today?"
"""A greeting of the usual length, where a trace names none."""


class Lookup(NamedTuple):
    """One lookup of a value: `size` is the payload in bytes, `seconds` what a load takes, `micros` what a load costs,
    in millionths of the price table's currency."""

    cache: str
    key: str
    organisation: str
    groups: tuple[str, ...]
    size: int
    seconds: float
    micros: int


Stage = tuple[Lookup, ...]
"""Lookups that are made at the same time."""

Request = tuple[Stage, ...]
"""Stages that one worker makes, one after the other."""


@dataclass(frozen=True)
class Origin:
    """What loads take and bring. Seconds are the simulators' defaults, bytes those of their answers.

    Speech is s16le mono PCM at `sample_rate`: `first` seconds to the first `chunk` seconds of it, the rest `speed`
    times faster than it is heard.
    """

    config: float = 0.1
    prompt: float = 0.1
    rag: float = 0.2
    first: float = 0.4
    chunk: float = 0.2
    speed: float = 4.0
    sample_rate: int = 22_050
    agent_bytes: int = 300
    passages_bytes: int = 900
    model: str = "bulbul:v3"
    prices: Prices = PRICES

    def audio_seconds(self, text: str) -> float:
        """Compute for how many seconds a text is heard."""
        return len(text) * _SECONDS_PER_CHARACTER

    def speech_seconds(self, text: str) -> float:
        """Compute how many seconds a text takes to be synthesised to its end."""
        return self.first + max(0.0, self.audio_seconds(text) - self.chunk) / self.speed


class Script:
    """Lists the lookups of each entry, made over voice sessions if `sessions`, else over requests."""

    def __init__(self, origin: Origin, *, sessions: bool, language: str = "en") -> None:
        self._origin = origin
        self._sessions = sessions
        self._language = language
        self._queries = lru_cache(maxsize=100_000)(lambda text: normalise(text, language))
        self._prices = {cache: origin.prices.call(TRAITS[cache].load) for cache in CACHES if TRAITS[cache].function}

    def requests(self, entry: Entry) -> tuple[Request, ...]:
        """List the requests of an entry; an invalidation has none."""
        if entry.kind is Kind.INVALIDATE:
            return ()
        config = (self._of_agent("config", entry),)
        if entry.kind is Kind.GREETING:
            return ((config, (self._speech(entry, entry.text or _NO_GREETING),)),)
        query = self._queries(entry.text)
        found = (self._of_agent("prompt", entry), self._knowledge(entry, query))
        spoken = (self._speech(entry, entry.answer or query * 4),)
        if self._sessions:
            return ((config, found, spoken),)
        return (config, found), (config, spoken)

    def _of_agent(self, cache: str, entry: Entry) -> Lookup:
        return Lookup(
            cache,
            f"{cache} {entry.organisation} {entry.agent}",
            entry.organisation,
            (agent_group(entry),),
            self._origin.agent_bytes,
            self._origin.config if cache == "config" else self._origin.prompt,
            self._prices[cache],
        )

    def _knowledge(self, entry: Entry, query: str) -> Lookup:
        return Lookup(
            "rag",
            f"rag {entry.organisation} {query}",
            entry.organisation,
            (knowledge_group(entry),),
            self._origin.passages_bytes,
            self._origin.rag,
            self._prices["rag"],
        )

    def _speech(self, entry: Entry, text: str) -> Lookup:
        origin, text = self._origin, compose(text)
        return Lookup(
            "tts",
            f"tts {entry.organisation} {entry.agent} {text}",
            entry.organisation,
            (agent_group(entry),),
            2 * int(origin.audio_seconds(text) * origin.sample_rate),
            origin.speech_seconds(text),
            origin.prices.speech(origin.model, len(text)),
        )


def agent_group(entry: Entry) -> str:
    """Name the group of an agent's configuration, prompt and phrases."""
    return f"agent {entry.organisation} {entry.agent}"


def knowledge_group(entry: Entry) -> str:
    """Name the group of an organisation's knowledge."""
    return f"knowledge {entry.organisation}"


def read_invalidation(entry: Entry) -> tuple[str, tuple[str, ...]]:
    """Read which group an invalidation names, and which caches hold values of the group."""
    if entry.agent:
        return agent_group(entry), TRACED_BY_GROUP["agent"]
    return knowledge_group(entry), TRACED_BY_GROUP["knowledge"]
