"""Do clients stay where their caches are warm, and do slots carry alike?"""

from dashboards.boards.board import Board
from dashboards.boards.panels import Query, Row, number, series
from dashboards.boards.promql import of, rate, share, total

_LOOKUPS = total(rate("warmline_cache_lookups_total"), "slot")
_L1 = total(rate("warmline_cache_lookups_total", 'source="l1"'), "slot")

BOARD = Board(
    uid="warmline-stickiness",
    title="Warmline: stickiness",
    description="Do clients stay where their caches are warm, and do slots carry alike?",
    rows=[
        Row(
            "Do slots carry alike?",
            [
                number(
                    1,
                    "Busiest slot, times the average",
                    "Does one slot carry more than its share? "
                    "The busiest slot against the average: 1 is even. Above 2 one network or one session dominates: "
                    "`make where CLIENT=` says who lands where.",
                    "none",
                    f"max({_LOOKUPS}) / avg({_LOOKUPS})",
                    marks={0: "green", 1.5: "orange", 2: "red"},
                ),
                series(
                    2,
                    "Lookups by slot",
                    "How many lookups does each slot answer? "
                    "A slot at 0 is out of the edge's rotation or down; one far above the rest is skew.",
                    "ops",
                    Query(_LOOKUPS, "{{slot}}"),
                ),
                series(
                    3,
                    "Conversations by slot",
                    "How many conversations does each slot hold? "
                    "Voice sessions that are open. After a drain one slot is empty for a while; it fills with new "
                    "callers.",
                    "none",
                    Query(total(of("warmline_sessions"), "slot"), "{{slot}}"),
                ),
            ],
        ),
        Row(
            "Do clients stay?",
            [
                series(
                    4,
                    "Resumed elsewhere",
                    "How many resumed conversations came to another slot? "
                    "The share of resumed sessions that another slot held before. Deploys move nobody; scaling moves "
                    "those that `make where` names. Anything else is an edge that disagrees with itself.",
                    "percentunit",
                    Query(
                        share(
                            rate("warmline_sessions_resumed_total", 'where="elsewhere"'),
                            rate("warmline_sessions_resumed_total"),
                        ),
                        "moved",
                    ),
                    most=1,
                ),
                series(
                    5,
                    "Resumed, by place",
                    "Where do resumed conversations go on? "
                    "Here is the slot that held them before, elsewhere is another.",
                    "ops",
                    Query(total(rate("warmline_sessions_resumed_total"), "where"), "{{where}}"),
                ),
                series(
                    6,
                    "L1 hit ratio by slot",
                    "How warm is each slot? "
                    "The share of lookups that L1 answered. One slot far below the others has just started, or gets "
                    "callers who belong elsewhere.",
                    "percentunit",
                    Query(f"{_L1} / {_LOOKUPS}", "{{slot}}"),
                    most=1,
                ),
            ],
        ),
        Row(
            "What do slots hold?",
            [
                series(
                    7,
                    "L1 bytes by slot",
                    "How many bytes does each slot's L1 hold? "
                    "Slots fill with what their callers ask. A slot that stays small is not asked.",
                    "bytes",
                    Query(total(of("warmline_cache_l1_bytes"), "slot"), "{{slot}}"),
                ),
                series(
                    8,
                    "Requests by slot",
                    "How many requests does each slot answer? "
                    "As the edge sends them. Compare with lookups: a request makes about three.",
                    "reqps",
                    Query(total(rate("warmline_http_requests_total"), "slot"), "{{slot}}"),
                ),
            ],
        ),
    ],
)
