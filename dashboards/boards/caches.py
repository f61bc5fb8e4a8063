"""Are the caches earning their keep: who answers, how fast, what loads cost, what is thrown out?"""

from dashboards.boards.board import CACHE, SLOT, Board
from dashboards.boards.panels import Query, Row, heat, series
from dashboards.boards.promql import buckets, of, quantile, rate, total

_C = 'cache=~"$cache"'
_LOOKUPS = rate("warmline_cache_lookups_total", _C)
_BY_LAYER = total(_LOOKUPS, "cache", "source")
_HITS = rate("warmline_cache_lookups_total", _C, 'source!="origin"')


def _fullest(held: str, limit: str) -> str:
    return f"max by (cache) ({of(held, _C)} / {of(limit, _C)})"


BOARD = Board(
    uid="warmline-caches",
    title="Warmline: caches",
    description="Are the caches earning their keep?",
    variables=[SLOT, CACHE],
    rows=[
        Row(
            "Who answers?",
            [
                series(
                    1,
                    "How many lookups ask no provider?",
                    "By cache, a ratio of sums over the chosen slots. A drop after a deploy heals in minutes; one "
                    "that stays is a cache that is too small (evictions below) or callers who ask something new.",
                    "percentunit",
                    Query(
                        f"{total(_HITS, 'cache')} / {total(_LOOKUPS, 'cache')}",
                        "{{cache}}",
                    ),
                    most=1,
                ),
                series(
                    2,
                    "How many does each layer answer?",
                    "Shares of all lookups by layer. Much L2 and little L1: callers move between slots (Stickiness) "
                    "or L1 is too small.",
                    "percentunit",
                    Query(
                        f"{_BY_LAYER} / ignoring (source) group_left () {total(_LOOKUPS, 'cache')}",
                        "{{cache}} {{source}}",
                    ),
                    most=1,
                ),
                series(
                    3,
                    "How do lookups end?",
                    "Stacked by who answered; joined are lookups that waited for somebody else's load. Origin should "
                    "be thin.",
                    "ops",
                    Query(total(_LOOKUPS, "source"), "{{source}}"),
                    stacked=True,
                ),
            ],
        ),
        Row(
            "How fast?",
            [
                heat(
                    4,
                    "How long do lookups take that L1 cannot answer?",
                    "Two bands are normal: Redis below a few milliseconds, loads at the provider's time. A band that "
                    "climbs is one of the two getting slower.",
                    buckets("warmline_cache_lookup_duration_seconds", _C),
                ),
                series(
                    5,
                    "How long does each layer take?",
                    "p99 by who answered. L2 above 50 ms is Redis at the end of its budget: see Redis.",
                    "s",
                    Query(
                        quantile(0.99, "warmline_cache_lookup_duration_seconds", _C, by=("source",)), "{{source}} p99"
                    ),
                    Query(
                        quantile(0.5, "warmline_cache_lookup_duration_seconds", _C, by=("source",)), "{{source}} p50"
                    ),
                ),
            ],
        ),
        Row(
            "What do loads do?",
            [
                heat(
                    6,
                    "How long do providers take for a load?",
                    "If this climbs, the provider is slow: nothing here will help but its status page; stale answers "
                    "stand in meanwhile.",
                    buckets("warmline_cache_load_duration_seconds", _C),
                ),
                series(
                    7,
                    "How long does a load of each cache take?",
                    "p99, with exemplars: a point's request_id is in the edge's log, with who asked and what was "
                    "answered.",
                    "s",
                    Query(
                        quantile(0.99, "warmline_cache_load_duration_seconds", _C, by=("cache",)),
                        "{{cache}}",
                        exemplars=True,
                    ),
                ),
                series(
                    8,
                    "How many loads are there, and how many fail?",
                    "Failures that last mean that a provider is down: callers get stale answers as long as there are "
                    "any.",
                    "ops",
                    Query(
                        total(rate("warmline_cache_load_duration_seconds_count", _C), "cache", "outcome"),
                        "{{cache}} {{outcome}}",
                    ),
                ),
            ],
        ),
        Row(
            "What waits, what is stale?",
            [
                series(
                    9,
                    "How many loads are under way, and how many lookups wait for them?",
                    "Many waiting for few loads is coalescing at work; many loads at once is a cold start or a slow "
                    "provider.",
                    "none",
                    Query(total(of("warmline_cache_loads_in_flight", _C), "cache"), "{{cache}} loads"),
                    Query(total(of("warmline_cache_waiting", _C), "cache"), "{{cache}} waiting"),
                ),
                series(
                    10,
                    "Why are stale answers given?",
                    "Revalidating is normal. Slow and failing mean that a provider does not do its part: see panels "
                    "7 and 8.",
                    "ops",
                    Query(total(rate("warmline_cache_stale_total", _C), "cache", "reason"), "{{cache}} {{reason}}"),
                ),
                series(
                    11,
                    "What could not be kept in Redis, and what could not be read there?",
                    "Unavailable and read, claim, commit follow Redis' troubles (see Redis); too_large is a setting, "
                    "decode a version that another one cannot read: it is replaced by itself.",
                    "ops",
                    Query(total(rate("warmline_cache_not_stored_total", _C), "reason"), "not stored: {{reason}}"),
                    Query(total(rate("warmline_cache_store_failures_total", _C), "operation"), "failed: {{operation}}"),
                    Query(total(rate("warmline_cache_streams_lost_total", _C)), "streams lost"),
                ),
            ],
        ),
        Row(
            "Is there room?",
            [
                series(
                    12,
                    "How full is L1?",
                    "The fullest slot of each cache, bytes against its limit. At 100 % with evictions, raise "
                    "cache_<name>_max_bytes.",
                    "percentunit",
                    Query(
                        _fullest("warmline_cache_l1_bytes", "warmline_cache_l1_limit_bytes"),
                        "{{cache}} bytes",
                    ),
                    Query(
                        _fullest("warmline_cache_l1_entries", "warmline_cache_l1_limit_entries"),
                        "{{cache}} entries",
                    ),
                    most=1,
                ),
                series(
                    13,
                    "How much does L1 hold?",
                    "Bytes over the chosen slots, overhead included. It ends at the limit by design.",
                    "bytes",
                    Query(total(of("warmline_cache_l1_bytes", _C), "cache"), "{{cache}}"),
                    stacked=True,
                ),
                series(
                    14,
                    "Why do values leave L1?",
                    "Evicted are alive and had no room: with a falling hit ratio L1 is too small. Cleared is a lost "
                    "channel: see Invalidation.",
                    "ops",
                    Query(total(rate("warmline_cache_removed_total", _C), "cause"), "{{cause}}"),
                ),
            ],
        ),
    ],
)
