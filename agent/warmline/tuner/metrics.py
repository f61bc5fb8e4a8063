"""What a running fleet's metrics say. They count lookups and not keys: no curve can be drawn from them, and what a
change would bring cannot be foretold. They do say which bound is the one that hurts.
"""

import json
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from warmline.errors import SettingsError
from warmline.planner import CACHES, table
from warmline.settings import Profile

SECONDS = 10.0

CROWDED = 0.05
"""Living values evicted from L1 for each lookup, from which on its room is what hurts."""

ELSEWHERE = 0.1
"""The part of lookups that Redis has to answer, from which on more room in L1 is worth having."""

COLD = 0.2
"""The part of lookups that wait for a load, from which on a longer ttl is worth a thought."""

Query = Callable[[str], Mapping[tuple[str, str], float]]
"""A PromQL expression → values by cache and the other label."""


@dataclass(frozen=True, slots=True)
class Watched:
    """One cache over the window: lookups a second, the part of them by source, and removals from L1 for each lookup."""

    lookups: float
    sources: Mapping[str, float]
    removals: Mapping[str, float]


def watched(query: Query, window: str) -> dict[str, Watched]:
    """The caches that were asked at all, in a window such as `1d`."""
    looked = query(f"sum by (cache, source) (rate(warmline_cache_lookups_total[{window}]))")
    removed = query(f"sum by (cache, cause) (rate(warmline_cache_removed_total[{window}]))")
    found = {}
    for cache in CACHES:
        lookups = sum(value for (name, _), value in looked.items() if name == cache)
        if lookups:
            found[cache] = Watched(lookups, _of(looked, cache, lookups), _of(removed, cache, lookups))
    return found


def _of(values: Mapping[tuple[str, str], float], cache: str, lookups: float) -> dict[str, float]:
    return {label: value / lookups for (name, label), value in values.items() if name == cache}


def advised(cache: str, seen: Watched, profile: Profile) -> tuple[dict[str, int], str]:
    """Settings to try, and why."""
    part = getattr(profile, cache)
    evicted, from_redis = seen.removals.get("evicted", 0.0), seen.sources.get("l2", 0.0)
    loads = seen.sources.get("origin", 0.0)
    if evicted > CROWDED and from_redis > ELSEWHERE:
        entries = {} if part.max_entries is None else {f"cache_{cache}_max_entries": 2 * part.max_entries}
        return {f"cache_{cache}_max_bytes": 2 * part.max_bytes, **entries}, "L1 is too small: it evicts what lives"
    if loads > COLD:
        return (
            {f"cache_{cache}_ttl": int(2 * part.ttl)},
            "many wait for a load: try a longer ttl; if it brings nothing, callers ask too many different things",
        )
    return {}, "as it should be"


def lines(found: Mapping[str, Watched], profile: Profile) -> Iterator[str]:
    """For people to read, with the settings last."""
    settings: dict[str, int] = {}
    rows = []
    for cache, seen in found.items():
        numbers, why = advised(cache, seen, profile)
        settings |= numbers
        parts = (*(seen.sources.get(name, 0.0) for name in ("l1", "l2", "origin")), seen.removals.get("evicted", 0.0))
        rows.append((cache, f"{seen.lookups:,.2f}", *(f"{part:.1%}" for part in parts), why))
    yield from table(("", "lookups/s", "l1", "l2", "origin", "evicted", ""), rows)
    yield "agent_settings:" if settings else "nothing to change; with a trace, `warmline tune --trace` draws curves"
    yield from (f"  {name}: {number}" for name, number in settings.items())


def prometheus(url: str) -> Query:
    """Asks a Prometheus. The query raises SettingsError if it cannot be reached or answers something else."""
    if urllib.parse.urlsplit(url).scheme not in {"http", "https"}:
        raise SettingsError([f"{url}: a Prometheus is named by http:// or https://"])

    def query(expression: str) -> Mapping[tuple[str, str], float]:
        asked = f"{url.rstrip('/')}/api/v1/query?{urllib.parse.urlencode({'query': expression})}"
        try:
            with urllib.request.urlopen(asked, timeout=SECONDS) as answer:  # noqa: S310 - the scheme was checked
                return _read(json.load(answer))
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise SettingsError([f"{url} gave no answer of a Prometheus: {error}"]) from error

    return query


def _read(answer: Any) -> Mapping[tuple[str, str], float]:
    found = {}
    for series in answer["data"]["result"]:
        labels = series["metric"]
        other = next((value for name, value in labels.items() if name != "cache"), "")
        found[labels["cache"], other] = float(series["value"][1])
    return found
