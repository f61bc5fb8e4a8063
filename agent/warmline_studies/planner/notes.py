"""Notes on an estimate: limits that the fleet outgrows, and how far the estimate can be trusted. Pure."""

import math
from collections.abc import Iterator

from warmline_studies.planner.affinity import IP_HASH_VALUES
from warmline_studies.planner.estimate import DAY, SHARE_EVERY, SHARE_SECONDS, Estimate

HALF = 0.5
"""The part of Redis' one core that a single duty may take."""

ALMOST = 0.9
"""The part of a day that is taken for a whole day: few call at night."""

FEW = 20
"""A sample of fewer organisations gets a note."""

WORTH_IT = 0.2
"""A cache that answers a smaller part of its lookups gets a note."""


def notes(found: Estimate) -> list[str]:
    """Write a sentence for each thing that is outgrown, wasted or unknown."""
    return [*_trace(found), *_redis(found), *_workers(found), *_sockets(found), *_caches(found)]


def _trace(found: Estimate) -> Iterator[str]:
    if found.weight > 1 and found.organisations < FEW:
        yield few(found.organisations)
    yield from short(found.seconds)


def short(seconds: float) -> Iterator[str]:
    """Write a note if the trace is shorter than a DAY."""
    if seconds < ALMOST * DAY:
        yield (
            f"{seconds / 3600:,.1f} hours were looked at: a month is taken to be as many of them as fit into it, as if "
            "they were like any other, and no value had ever been loaded before"
        )


def few(organisations: int) -> str:
    """Write a note on a sample of few organisations."""
    return f"organisations differ, and the {organisations:,} that were looked at may be unlike the rest"


def _redis(found: Estimate) -> Iterator[str]:
    if found.shared and found.shards.needed > 1:
        wants = {"calls": found.shards.calls, "bytes": found.shards.bytes, "memory": found.shards.memory}
        why = ", ".join(f"{name} need {number}" for name, number in wants.items() if number > 1)
        yield f"one Redis is outgrown ({why}){_explain_shards(found)}"
    if found.state_busy > HALF:
        most = int(math.sqrt(HALF * SHARE_EVERY / SHARE_SECONDS))
        yield (
            f"sharing out the account's sockets would take {found.state_busy:.0%} of the `state` Redis' core: beyond "
            f"{most:,} workers make several fleets, each with a `state` Redis and a provider's account of its own"
        )


def _explain_shards(found: Estimate) -> str:
    """Explain whether more shards help: an organisation cannot be divided among them."""
    largest, organisations = found.shards.largest, found.organisations * found.weight
    if largest > 1:
        return (
            ", and shards do not carry it: an organisation stays on one of them, and the largest of "
            f"{organisations:,.0f} needs {largest:.1f}"
        )
    return (
        f": at least {found.shards.needed} shards carry it, each of {organisations:,.0f} organisations on one of them; "
        f"the largest takes {largest:.0%} of one"
    )


def _workers(found: Estimate) -> Iterator[str]:
    if found.workers_reached < found.workers:
        yield (
            f"ip_hash has {IP_HASH_VALUES:,} values: {found.workers - found.workers_reached:,} of the "
            f"{found.workers:,} workers would never get a caller"
        )


def _sockets(found: Estimate) -> Iterator[str]:
    if found.sockets > found.sockets_account:
        yield (
            f"up to {found.sockets:,} phrases are synthesised at once, the account has {found.sockets_account:,} "
            "sockets: the rest goes over REST unless the account gets more"
        )
    if found.sockets_warm > found.sockets_account:
        yield (
            f"all workers together would keep {found.sockets_warm:,} sockets warm, the account has "
            f"{found.sockets_account:,}: lower speech_sockets_prewarm, or most workers get none"
        )


def _caches(found: Estimate) -> Iterator[str]:
    for cache, row in found.caches.items():
        if row.lookups and row.hit < WORTH_IT:
            yield f"{cache}: only {row.hit:.0%} of its lookups find anything; `warmline tune` says what would help"
    if found.priceless:
        yield f"calls of kind {' and '.join(found.priceless)} cost 0 in this price table: set your own in a prices file"
