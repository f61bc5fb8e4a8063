"""How do conversations go, and what do organisations ask and spend?"""

from dashboards.boards.board import SLOT, Board, Variable
from dashboards.boards.panels import Query, Row, heat, series
from dashboards.boards.promql import buckets, of, quantile, rate, total

_O = 'organisation=~"$organisation"'

BOARD = Board(
    uid="warmline-money",
    title="Warmline: sessions and money",
    description="How do conversations go, and what do organisations ask and spend?",
    variables=[SLOT, Variable("organisation", "warmline_spent_today", "Organisation")],
    rows=[
        Row(
            "How do conversations go?",
            [
                series(
                    1,
                    "How many conversations are open?",
                    "Each slot takes session_maximum; above that callers are refused as `full`: `make scale WORKERS=`.",
                    "none",
                    Query(total(of("warmline_sessions"), "slot"), "{{slot}}"),
                    stacked=True,
                ),
                series(
                    2,
                    "How do conversations end?",
                    "Closed, idle and gone are callers' doing. Failed is ours, upstream a provider's: read `make "
                    "logs SLOT=`.",
                    "ops",
                    Query(total(rate("warmline_sessions_ended_total"), "reason"), "{{reason}}"),
                ),
                series(
                    3,
                    "Who is refused a conversation?",
                    "Full: `make scale WORKERS=`. Unauthenticated and not_found are clients with a wrong key or name.",
                    "ops",
                    Query(total(rate("warmline_sessions_refused_total"), "reason"), "{{reason}}"),
                ),
            ],
        ),
        Row(
            "How quick are they?",
            [
                heat(
                    4,
                    "How long until a greeting is heard?",
                    "The band at the left is warm. One at a second is greetings that had to be spoken: warm them "
                    "(docs/operate/operations.md).",
                    buckets("warmline_session_first_audio_seconds", 'kind="greeting"'),
                ),
                heat(
                    5,
                    "How long until an answer is heard?",
                    "Two bands: known questions, and those that nobody asked before.",
                    buckets("warmline_session_first_audio_seconds", 'kind="answer"'),
                ),
                series(
                    6,
                    "How long does an agent talk on when interrupted?",
                    "p99. Above 100 ms callers notice; look at the event loop on Edge and host.",
                    "s",
                    Query(quantile(0.99, "warmline_session_interruption_seconds"), "p99"),
                ),
            ],
        ),
        Row(
            "What is spent?",
            [
                series(
                    7,
                    "What has each organisation spent today?",
                    "The whole fleet's, since midnight UTC, in the price table's currency. At its limit, what is not "
                    "cached is refused.",
                    "none",
                    Query(f"max by (organisation) ({of('warmline_spent_today', _O)})", "{{organisation}}"),
                    Query(
                        f"max by (organisation) ({of('warmline_spend_limit_per_day', _O)})", "{{organisation}} limit"
                    ),
                ),
                series(
                    8,
                    "What costs money?",
                    "An hour's worth of loads by cache. A jump is a cold cache or callers who ask something new.",
                    "none",
                    Query(f"3600 * {total(rate('warmline_cost_total', _O), 'cache')}", "{{cache}}"),
                    stacked=True,
                ),
                series(
                    9,
                    "What does caching save?",
                    "An hour's worth, an estimate: what lookups without a load would have cost by the price table.",
                    "none",
                    Query(f"3600 * {total(rate('warmline_cost_saved_total', _O), 'cache')}", "{{cache}}"),
                    stacked=True,
                ),
                series(
                    10,
                    "How many characters are billed?",
                    "By transport. REST is the slower way, taken where there was no socket: see Sockets.",
                    "none",
                    Query(total(rate("warmline_speech_characters_total"), "transport"), "{{transport}}"),
                    stacked=True,
                ),
            ],
        ),
        Row(
            "Who is limited?",
            [
                series(
                    11,
                    "Whom did a limit refuse?",
                    "Rate: their own requests a second. Spend: their money for today; both are in the limits file.",
                    "ops",
                    Query(
                        total(rate("warmline_limited_total", _O), "organisation", "limit"), "{{organisation}} {{limit}}"
                    ),
                ),
                series(
                    12,
                    "How do calls to the data provider end?",
                    "Exhausted is its limit on us, unavailable that it is down. Ok beside them is enough for most "
                    "callers. Left out are passages or names that cannot be read: the worker's log has their fields.",
                    "ops",
                    Query(
                        total(rate("warmline_upstream_calls_total"), "upstream", "outcome"), "{{upstream}} {{outcome}}"
                    ),
                    Query(
                        total(rate("warmline_upstream_elements_left_out_total"), "function"), "{{function}} left out"
                    ),
                ),
            ],
        ),
    ],
)
