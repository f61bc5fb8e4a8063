"""Advice from a running fleet's metrics. Metrics count lookups and not keys: no curve can be drawn from them, and what
a change would bring cannot be foretold. They do say which bound hurts.
"""

import http.client
import math
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import msgspec

from warmline.errors import SettingsError
from warmline.settings import Profile
from warmline_studies.planner import CACHES, table
from warmline_studies.tuner.recommend import OLDEST, ROOM

SECONDS = 10.0

CROWDED = 0.05
"""L1 is too small if it evicts more living values than this for each lookup."""

ELSEWHERE = 0.1
"""More room in L1 is worth having if Redis answers more than this part of lookups."""

COLD = 0.2
"""A longer ttl is worth a thought if more than this part of lookups wait for a load."""

Query = Callable[[str], Mapping[tuple[str, str], float]]
"""From a PromQL expression to values by cache and the other label, which is empty if there is none."""


class Limit(NamedTuple):
    """What L1 may hold of one cache in a worker, as the workers' metrics say; None if they do not."""

    bytes: int | None = None
    entries: int | None = None


@dataclass(frozen=True, slots=True)
class Watched:
    """One cache over the window: lookups a second, the part of them by source, removals from L1 for each lookup, and
    the largest limits in force now."""

    lookups: float
    sources: Mapping[str, float]
    removals: Mapping[str, float]
    limit: Limit


def watch(query: Query, window: str) -> dict[str, Watched]:
    """Ask about each cache that had lookups at all, in a window such as `1d`."""
    looked = query(f"sum by (cache, source) (rate(warmline_cache_lookups_total[{window}]))")
    removed = query(f"sum by (cache, cause) (rate(warmline_cache_removed_total[{window}]))")
    most_bytes = query("max by (cache) (warmline_cache_l1_limit_bytes)")
    most_entries = query("max by (cache) (warmline_cache_l1_limit_entries)")
    found = {}
    for cache in CACHES:
        lookups = sum(value for (name, _), value in looked.items() if name == cache)
        if lookups:
            limit = Limit(_whole(most_bytes.get((cache, ""))), _whole(most_entries.get((cache, ""))))
            found[cache] = Watched(lookups, _of(looked, cache, lookups), _of(removed, cache, lookups), limit)
    return found


def _of(values: Mapping[tuple[str, str], float], cache: str, lookups: float) -> dict[str, float]:
    return {label: value / lookups for (name, label), value in values.items() if name == cache}


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)


def advise(cache: str, seen: Watched, profile: Profile | None, room: int = ROOM) -> tuple[dict[str, int], str]:
    """Choose settings to try, and say why. Workers do not tell their lifetimes: without the fleet's profile there is no
    ttl to begin from. `room` is the most bytes that L1 may have in a worker for one cache."""
    evicted, from_redis = seen.removals.get("evicted", 0.0), seen.sources.get("l2", 0.0)
    if evicted > CROWDED and from_redis > ELSEWHERE:
        return _larger(cache, seen.limit, room)
    if seen.sources.get("origin", 0.0) > COLD:
        return _longer(cache, profile)
    return {}, "as it should be"


def _larger(cache: str, limit: Limit, room: int) -> tuple[dict[str, int], str]:
    why = "L1 is too small: it evicts what lives"
    if limit.bytes is None:
        return {}, f"{why}; the workers' metrics do not say how large it is"
    if limit.bytes >= room:
        return {}, f"{why}, and has all that --l1-mib allows"
    entries = {} if limit.entries is None else {f"cache_{cache}_max_entries": 2 * limit.entries}
    return {f"cache_{cache}_max_bytes": min(2 * limit.bytes, room), **entries}, why


def _longer(cache: str, profile: Profile | None) -> tuple[dict[str, int], str]:
    why, differ = "many wait for a load", "callers ask too many different things"
    if profile is None:
        return {}, f"{why}: name the fleet's own --profile, and its --set, for a ttl to try"
    ttl, oldest = profile.cache[cache].policy.ttl, OLDEST[cache]
    if ttl >= oldest:
        return {}, f"{why}, and the ttl is as long as is good: {differ}"
    return {
        f"cache_{cache}_ttl": math.ceil(min(2 * ttl, oldest))
    }, f"{why}: try a longer ttl; if it brings nothing, {differ}"


def lines(found: Mapping[str, Watched], profile: Profile | None, room: int = ROOM) -> Iterator[str]:
    """Write the advice as lines, with the settings last."""
    rows = []
    for cache, seen in found.items():
        parts = (*(seen.sources.get(name, 0.0) for name in ("l1", "l2", "origin")), seen.removals.get("evicted", 0.0))
        why = advise(cache, seen, profile, room)[1]
        rows.append((cache, f"{seen.lookups:,.2f}", *(f"{part:.1%}" for part in parts), why))
    yield from table(("", "lookups/s", "l1", "l2", "origin", "evicted", ""), rows)
    numbers = settings(found, profile, room)
    yield "agent_settings:" if numbers else "nothing to change; with a trace, `warmline tune --trace` draws curves"
    yield from (f"  {name}: {number}" for name, number in numbers.items())


def settings(found: Mapping[str, Watched], profile: Profile | None, room: int = ROOM) -> dict[str, int]:
    """Collect the settings of all caches."""
    return {
        name: number for cache, seen in found.items() for name, number in advise(cache, seen, profile, room)[0].items()
    }


def prometheus(url: str) -> Query:
    """Make a query of a Prometheus. It raises SettingsError if none can be reached there."""
    if not url.startswith(("http://", "https://")):
        raise SettingsError([f"{url}: a Prometheus is named by http:// or https://"])

    def query(expression: str) -> Mapping[tuple[str, str], float]:
        asked = f"{url.rstrip('/')}/api/v1/query?{urllib.parse.urlencode({'query': expression})}"
        try:
            with urllib.request.urlopen(asked, timeout=SECONDS) as answer:  # noqa: S310 - the scheme was checked
                return read_answer(answer.read())
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise SettingsError([f"{url} gave no answer of a Prometheus: {error}"]) from error
        except SettingsError as error:
            raise SettingsError([f"{url} gave {problem}" for problem in error.problems]) from error

    return query


class _Series(msgspec.Struct):
    metric: dict[str, str]
    value: tuple[float, str]


class _Vector(msgspec.Struct):
    result: list[_Series]


class _Answer(msgspec.Struct):
    data: _Vector


def read_answer(content: bytes) -> Mapping[tuple[str, str], float]:
    """Read the numbers of an instant query's answer; numbers that are not finite, such as 0 / 0, are left out.

    Raises SettingsError for anything else, and for a series without the label `cache`.
    """
    try:
        series = msgspec.json.decode(content, type=_Answer).data.result
        numbers = [(one.metric["cache"], _other(one.metric), float(one.value[1])) for one in series]
    except KeyError as error:
        raise SettingsError([f"a series without the label {error}"]) from error
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise SettingsError([f"no answer of a Prometheus: {error}"]) from error
    return {(cache, other): number for cache, other, number in numbers if math.isfinite(number)}


def _other(labels: Mapping[str, str]) -> str:
    return next((value for name, value in labels.items() if name != "cache"), "")
