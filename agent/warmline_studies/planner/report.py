"""An estimate for people to read."""

from collections.abc import Iterator, Sequence

from warmline.commands.table import draw
from warmline_studies.planner.estimate import MIB, Estimate
from warmline_studies.planner.notes import notes

_SOURCES = ("l1", "l2", "joined", "stale", "origin")


def lines(found: Estimate, best: dict[str, float]) -> Iterator[str]:
    """Write an estimate as lines; `best` are hit ratios of one cache without bounds, by cache."""
    shared = "L1 + Redis" if found.shared else "L1 alone"
    yield f"{found.workers:,} workers, affinity {found.affinity}, {shared}; {found.requests:,.1f} requests/s at most"
    if found.weight > 1:
        yield f"  worked out from {found.organisations:,} organisations; each entry stands for {found.weight:.3g}"
    yield from table(
        ("", "lookups/s", "hit", *_SOURCES, "best", "loads/s"),
        [
            (
                cache,
                f"{row.lookups:,.1f}",
                f"{row.hit:.1%}",
                *(f"{row.sources[source]:.1%}" for source in _SOURCES),
                f"{best[cache]:.1%}",
                f"{row.loads:,.2f}",
            )
            for cache, row in found.caches.items()
        ],
    )
    if found.shared:
        yield (
            f"Redis `cache`   {found.redis_calls:,.0f} calls/s, {found.redis_bytes / 1e6:,.1f} MB/s, "
            f"{found.redis_memory / MIB:,.0f} MiB in use, {found.redis_kept / MIB:,.0f} with what failures would need; "
            f"shards: {found.shards.needed} "
            f"(calls {found.shards.calls}, bytes {found.shards.bytes}, memory {found.shards.memory}); "
            f"the largest organisation takes {found.shards.largest:.1%} of one"
        )
    yield (
        f"Redis `state`   {found.state_calls:,.0f} calls/s, {found.state_messages:,.0f} messages/s to workers, "
        f"sharing out sockets takes {found.state_busy:.1%} of a core"
    )
    yield f"memory          {found.l1_bytes / MIB:,.1f} MiB of L1 in the fullest worker"
    yield (
        f"sockets         {found.speaking:,.1f} phrases synthesised at once, {found.sockets:,} at the very most; "
        f"the account has {found.sockets_account:,}; kept warm {found.sockets_warm:,}"
    )
    yield (
        f"providers       {found.cost:,.0f} {found.currency} a month; without caches {found.cost_uncached:,.0f}; "
        f"saved {found.cost_uncached - found.cost:,.0f}"
    )
    for note in notes(found):
        yield f"note            {note}"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Align columns, the first to the left and the others to the right."""
    yield from draw([head, *rows], right=range(1, len(head)), indent="  ")
