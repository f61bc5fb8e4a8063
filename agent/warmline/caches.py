"""The table of caches: what is different about each. Whatever has to know all caches reads it here."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Literal

from annotated_types import Gt, Unit, doc

from warmline_cache import Policy

MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0
MIB = 1024 * 1024

NAMELESS = {"nameless": True}
"""Metadata of a branch of the settings: the names of its settings do not begin with the branch's own."""


@dataclass(frozen=True, slots=True)
class CacheLimits:
    """How long the values of one cache are good for, and what L1 may hold of them."""

    policy: Policy = field(metadata=NAMELESS)
    max_bytes: Annotated[int, Gt(0), Unit("bytes"), doc("what L1 may hold, as it weighs in memory")]
    max_entries: Annotated[
        Annotated[int, Gt(0)] | None,
        Unit("values"),
        doc("how many values L1 may hold; without it `max_bytes` alone counts"),
    ] = None

    def scale_up(self, *, ttl: float | None = None, max_entries: int | None = None) -> "CacheLimits":
        """These limits for four times the memory, and for what else is said."""
        policy = self.policy if ttl is None else replace(self.policy, ttl=ttl)
        return CacheLimits(policy, 4 * self.max_bytes, max_entries or self.max_entries)


@dataclass(frozen=True, slots=True)
class CacheTraits:
    """One cache.

    `low`, `high`  its limits in the profiles `low_traffic` and `high_traffic`
    `priced`       a load asks a provider for money, or may: it is in the accounts of the organisation that caused it
    `versioned`    a key names the version of its value, so that no invalidation can make the value wrong
    `streamed`     a value is heard while it is loaded
    `traced`       it is looked up for the entries of a trace, so that the studies know of it
    `load`         what a load asks for, and is billed as: a `query` or an `action` of the data provider, or `speech`
    `function`     that function of the data provider, as it is called there; empty for speech
    `group`        what makes its values forgotten: a change of the `agent`, of the organisation's `knowledge`, or of
                   the `organisation` itself
    `longest_ttl`  the longest time to live that makes sense, in seconds: a value that is not versioned is as old as
                   this if an invalidation was never sent
    """

    name: str
    low: CacheLimits
    high: CacheLimits
    longest_ttl: float
    function: str = ""
    load: Literal["query", "action", "speech"] = "query"
    group: Literal["agent", "knowledge", "organisation"] = "agent"
    priced: bool = True
    versioned: bool = False
    streamed: bool = False
    traced: bool = False

    @property
    def counted(self) -> bool:
        """Whether L1 is bounded by entries as well as by bytes: there is a key for each text, and no end of texts."""
        return self.low.max_entries is not None


def _make_lasting(ttl: float, *, load_timeout: float = 10.0) -> Policy:
    """Of values whose keys name their version: they are as good stale as fresh."""
    return Policy(ttl, 10.0, stale_while_revalidate=HOUR, stale_if_error=DAY, load_timeout=load_timeout)


_PHRASES = CacheLimits(
    _make_lasting(HOUR, load_timeout=2 * MINUTE),  # heard while it is spoken: the longest text takes most of that
    max_bytes=32 * MIB,
    max_entries=100,
)
_RESULTS = CacheLimits(
    Policy(5 * MINUTE, 10.0, stale_while_revalidate=MINUTE, stale_if_error=HOUR), max_bytes=4 * MIB, max_entries=500
)
_CONFIGS = CacheLimits(Policy(MINUTE, 10.0, stale_while_revalidate=10.0, stale_if_error=10 * MINUTE), max_bytes=MIB)
_PROMPTS = CacheLimits(_make_lasting(10 * MINUTE), max_bytes=2 * MIB)

_TABLE = (
    CacheTraits(
        "tts",
        _PHRASES,
        _PHRASES.scale_up(max_entries=500),
        longest_ttl=DAY,
        load="speech",
        versioned=True,
        streamed=True,
        traced=True,
    ),
    CacheTraits(
        "rag",
        _RESULTS,
        _RESULTS.scale_up(ttl=30 * MINUTE, max_entries=2000),
        longest_ttl=30 * MINUTE,
        function="knowledge:search",
        load="action",
        group="knowledge",
        traced=True,
    ),
    CacheTraits(
        "config",
        _CONFIGS,
        _CONFIGS.scale_up(ttl=5 * MINUTE),
        longest_ttl=5 * MINUTE,
        function="agents:config",
        traced=True,
    ),
    CacheTraits(
        "prompt",
        _PROMPTS,
        _PROMPTS.scale_up(),
        longest_ttl=DAY,
        function="agents:prompt",
        versioned=True,
        traced=True,
    ),
    CacheTraits(  # only warming asks, for nobody in particular
        "roster",
        _CONFIGS,
        _CONFIGS.scale_up(ttl=5 * MINUTE),
        longest_ttl=5 * MINUTE,
        function="agents:list",
        group="organisation",
        priced=False,
    ),
)
CACHES: Mapping[str, CacheTraits] = {traits.name: traits for traits in _TABLE}
"""Every cache by its name, in the order in which they are shown."""

PRICED = tuple(traits.name for traits in _TABLE if traits.priced)
"""The caches whose loads organisations pay for."""

TRACED = tuple(traits.name for traits in _TABLE if traits.traced)
"""The caches that are looked up for the entries of a trace."""

TRACED_BY_GROUP: Mapping[str, tuple[str, ...]] = {
    group: tuple(name for name in TRACED if CACHES[name].group == group) for group in ("agent", "knowledge")
}
"""Those caches by the group whose change makes their values forgotten."""
