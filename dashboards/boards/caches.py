"""Are the caches earning their keep: who answers, how fast, what loads cost, what is thrown out?"""

from dashboards.boards.board import CACHE, SLOT, Board
from dashboards.boards.panels import Panel, Query, Row, expected, heat, number, series
from dashboards.boards.promql import buckets, of, quantile, rate, total
from dashboards.objectives import OBJECTIVES

_C = 'cache=~"$cache"'
_LOOKUPS = rate("warmline_cache_lookups_total", _C)
_BY_LAYER = total(_LOOKUPS, "cache", "source")
_HITS = rate("warmline_cache_lookups_total", _C, 'source!="origin"')


def _fullest(held: str, limit: str) -> str:
    return f"max by (cache) ({of(held, _C)} / {of(limit, _C)})"


def _kept(id_: int, cache: str, ratio: float) -> Panel:
    """One cache's hit ratio beside what is expected of it."""
    return number(
        id_,
        f"Hit ratio of {cache}, last hour",
        f"Does {cache} keep what is expected of it? Over all slots. Below it after a deploy heals; below it for days "
        "is a cache that is too small (L1 removals), lifetimes that are too short (`warmline tune`), or an expectation "
        "of other callers than yours: dashboards/objectives.yml.",
        "percentunit",
        f'cache:warmline_hit_ratio:rate1h{{cache="{cache}"}}',
        expected(ratio),
        most=1,
        marks={0: "red", round(0.7 * ratio, 3): "orange", ratio: "green"},
        legend="measured",
    )


def _loaded(id_: int, cache: str, most: float) -> Panel:
    """How long most loads of one cache take, beside what they may."""
    return number(
        id_,
        f"Load time of {cache}, p95, last hour",
        f"Is the provider of {cache} as quick as expected? 95 of 100 loads of the last hour took no longer; 0 is an "
        "hour without a load. Above what is expected, read the provider's status page; the expectation is in "
        "dashboards/objectives.yml.",
        "s",
        f'(cache:warmline_load_seconds:p95_1h{{cache="{cache}"}} >= 0) or on () vector(0)',
        expected(most),
        marks={0: "green", most: "red"},
        legend="measured",
    )


BOARD = Board(
    uid="warmline-caches",
    title="Warmline: caches",
    description="Are the caches earning their keep?",
    variables=[SLOT, CACHE],
    rows=[
        Row(
            "Do they keep what is expected of them?",
            [_kept(15 + place, cache, ratio) for place, (cache, ratio) in enumerate(OBJECTIVES.hit_ratios.items())],
            height=6,
        ),
        Row(
            "Are providers as quick as expected?",
            [_loaded(25 + place, cache, most) for place, (cache, most) in enumerate(OBJECTIVES.load_seconds.items())],
            height=6,
        ),
        Row(
            "Who answers?",
            [
                series(
                    1,
                    "Hit ratio by cache",
                    "How many lookups ask no provider? "
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
                    "Share of each layer, by cache",
                    "How many does each layer answer? "
                    "Shares of all lookups by layer; choose one cache above. Much L2 and little L1: callers move "
                    "between slots (Stickiness) or L1 is too small.",
                    "percentunit",
                    Query(
                        f"{_BY_LAYER} / ignoring (source) group_left () {total(_LOOKUPS, 'cache')}",
                        "{{cache}} {{source}}",
                    ),
                    most=1,
                ),
                series(
                    3,
                    "Lookups by layer",
                    "How do lookups end? "
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
                    "Lookup time, L1 left out",
                    "How long do lookups take that L1 cannot answer? "
                    "Two bands are normal: Redis below a few milliseconds, loads at the provider's time. A band that "
                    "climbs is one of the two getting slower.",
                    buckets("warmline_cache_lookup_duration_seconds", _C),
                ),
                series(
                    5,
                    "Lookup time by layer",
                    "How long does each layer take? "
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
                    "Load time, all caches",
                    "How long do providers take for a load? "
                    "If this climbs, the provider is slow: nothing here will help but its status page; stale answers "
                    "stand in meanwhile.",
                    buckets("warmline_cache_load_duration_seconds", _C),
                ),
                series(
                    7,
                    "Load time by cache",
                    "How long does a load of each cache take? "
                    "With exemplars: a point's request_id is in the edge's log, with who asked and what was "
                    "answered.",
                    "s",
                    Query(
                        quantile(0.99, "warmline_cache_load_duration_seconds", _C, by=("cache",)),
                        "{{cache}} p99",
                        exemplars=True,
                    ),
                    Query(quantile(0.95, "warmline_cache_load_duration_seconds", _C, by=("cache",)), "{{cache}} p95"),
                    Query(quantile(0.5, "warmline_cache_load_duration_seconds", _C, by=("cache",)), "{{cache}} p50"),
                ),
                series(
                    8,
                    "Loads by outcome",
                    "How many loads are there, and how many fail? "
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
                    "Loads under way, and who waits",
                    "How many loads go on, and who waits for them? "
                    "Many waiting for few loads is coalescing at work; many loads at once is a cold start or a slow "
                    "provider.",
                    "none",
                    Query(total(of("warmline_cache_loads_in_flight", _C), "cache"), "{{cache}} loads"),
                    Query(total(of("warmline_cache_waiting", _C), "cache"), "{{cache}} waiting"),
                ),
                series(
                    10,
                    "Stale answers by reason",
                    "Why are stale answers given? "
                    "Revalidating is normal. Slow and failing mean that a provider does not do its part: see panels "
                    "7 and 8.",
                    "ops",
                    Query(total(rate("warmline_cache_stale_total", _C), "cache", "reason"), "{{cache}} {{reason}}"),
                ),
                series(
                    11,
                    "Redis: not kept, not asked",
                    "What could Redis not keep, or not be asked? "
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
                    "L1 use of its limit",
                    "How full is L1? "
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
                    "L1 bytes by cache",
                    "How much does L1 hold? "
                    "Bytes over the chosen slots, overhead included. It ends at the limit by design.",
                    "bytes",
                    Query(total(of("warmline_cache_l1_bytes", _C), "cache"), "{{cache}}"),
                    stacked=True,
                ),
                series(
                    14,
                    "L1 removals by cause",
                    "Why do values leave L1? "
                    "Evicted are alive and had no room: with a falling hit ratio L1 is too small. Cleared is a lost "
                    "channel: see Invalidation.",
                    "ops",
                    Query(total(rate("warmline_cache_removed_total", _C), "cause"), "{{cause}}"),
                ),
            ],
        ),
    ],
)
