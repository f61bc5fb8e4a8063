"""Does everybody forget what is over, at once?"""

from dashboards.boards.board import Board
from dashboards.boards.panels import Query, Row, heat, series
from dashboards.boards.promql import buckets, of, quantile, rate, total

BOARD = Board(
    uid="warmline-invalidation",
    title="Warmline: invalidation",
    description="Does everybody forget what is over, at once?",
    rows=[
        Row(
            "Is it done?",
            [
                series(
                    1,
                    "Invalidations, made and failed",
                    "How many invalidations are made, and how many fail? "
                    "A failed one was answered 503 and comes again by itself; if they go on failing, Redis `state` "
                    "is away.",
                    "ops",
                    Query(total(rate("warmline_invalidation_duration_seconds_count")), "done"),
                    Query(total(rate("warmline_invalidations_failed_total")), "failed"),
                ),
                series(
                    2,
                    "Time until all have forgotten",
                    "How long until everybody has forgotten? "
                    "Milliseconds are normal. 2.2 s is a worker whose lease had to be waited out: see panel 4.",
                    "s",
                    Query(quantile(0.5, "warmline_invalidation_duration_seconds"), "p50"),
                    Query(quantile(0.99, "warmline_invalidation_duration_seconds"), "p99"),
                ),
                heat(
                    3,
                    "Acknowledgement times",
                    "How are acknowledgement times spread? "
                    "One band at the left end; a second one at 2.2 s is workers that were waited out.",
                    buckets("warmline_invalidation_duration_seconds"),
                ),
            ],
        ),
        Row(
            "Does every worker answer?",
            [
                series(
                    4,
                    "Workers that answer, or are waited out",
                    "How many workers answer, and how many are waited out? "
                    "A worker is waited out when it died or hangs. It serves nothing that was invalidated meanwhile. "
                    "If it goes on, find the slot whose lease is 0 in panel 5.",
                    "ops",
                    Query(total(rate("warmline_invalidation_workers_total"), "outcome"), "{{outcome}}"),
                ),
                series(
                    5,
                    "Channel lease by slot",
                    "For how long may each slot believe its memory? "
                    "The channel's lease, renewed every 0.7 s: 1.3 to 2 while all is well. At 0 the slot asks Redis "
                    "or the provider for everything that can be invalidated.",
                    "s",
                    Query(of("warmline_channel_lease_seconds"), "{{slot}}"),
                    most=2,
                ),
                series(
                    6,
                    "Channel joins",
                    "How often do workers lose the channel and join again? "
                    "Each time L1 begins empty. Once at start is normal; more is a Redis or a network that drops "
                    "connections.",
                    "none",
                    Query(
                        f"sum by (slot) (increase({of('warmline_channel_joins_total')}[$__rate_interval]))", "{{slot}}"
                    ),
                ),
            ],
        ),
        Row(
            "Who asked for it?",
            [
                series(
                    7,
                    "Webhooks by outcome",
                    "What becomes of webhooks? "
                    "Done and duplicate are good. Failed is retried by the provider; wrong_signature or stale is a "
                    "secret or a clock that differs (docs/integrate/webhooks.md).",
                    "ops",
                    Query(total(rate("warmline_webhooks_total"), "event", "outcome"), "{{event}} {{outcome}}"),
                ),
                series(
                    8,
                    "Invalidations applied by slot",
                    "How many invalidations does each slot carry out? "
                    "All lines should be one line. A slot below the others missed some while it was away, and forgot "
                    "everything instead.",
                    "ops",
                    Query(total(rate("warmline_invalidations_applied_total"), "slot"), "{{slot}}"),
                ),
                series(
                    9,
                    "Shared Redis believed (1: yes)",
                    "May the shared Redis be believed? "
                    "0 from meeting another server than before until its invalidations have been made again: a "
                    "second, not more.",
                    "none",
                    Query(of("warmline_redis_believed"), "{{slot}}"),
                    Query(total(f"increase({of('warmline_redis_changes_total')}[$__rate_interval])"), "met another"),
                ),
            ],
        ),
    ],
)
