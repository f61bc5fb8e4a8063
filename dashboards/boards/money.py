"""How do conversations go, and what do organisations ask and spend?"""

from dashboards.boards.board import SLOT, Board, Variable
from dashboards.boards.panels import Query, Row, heat, series
from dashboards.boards.promql import buckets, in_currency, of, quantile, rate, share, total

_O = 'organisation=~"$organisation"'

_ASKED = rate("warmline_organisation_lookups_total", _O)
_KEPT = rate("warmline_organisation_lookups_total", _O, 'answered_by="caches"')
_LOADS = rate("warmline_organisation_loads_total", _O)
_FAILED = rate("warmline_organisation_loads_total", _O, 'outcome="failed"')


def _last_hour(money: str) -> str:
    return f"sum by (cache, currency) (cache_currency_organisation:{money}:increase1h{{{_O}}})"


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
                    "Conversations open, of the limit",
                    "How many conversations are open? "
                    "Each slot takes session_maximum; above that callers are refused as `full`: `make scale WORKERS=`.",
                    "none",
                    Query(total(of("warmline_sessions"), "slot"), "{{slot}}"),
                    Query(f"min({of('warmline_session_limit')})", "limit of a slot"),
                ),
                series(
                    2,
                    "Conversations by end",
                    "How do conversations end? "
                    "Closed, idle and gone are callers' doing. Failed is ours, upstream a provider's: read `make "
                    "logs SLOT=`.",
                    "ops",
                    Query(total(rate("warmline_sessions_ended_total"), "reason"), "{{reason}}"),
                ),
                series(
                    3,
                    "Conversations refused",
                    "Who is refused a conversation? "
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
                    "Greeting: time to first audio",
                    "How long until a greeting is heard? "
                    "The band at the left is warm. One at a second is greetings that had to be spoken: warm them "
                    "(docs/operate/operations.md).",
                    buckets("warmline_session_first_audio_seconds", 'kind="greeting"'),
                ),
                heat(
                    5,
                    "Answer: time to first audio",
                    "How long until an answer is heard? "
                    "Two bands: known questions, and those that nobody asked before.",
                    buckets("warmline_session_first_audio_seconds", 'kind="answer"'),
                ),
                series(
                    6,
                    "Interruption: time to silence, p99",
                    "How long does an agent talk on when interrupted? "
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
                    "Spent today, and the limit",
                    "What has each organisation spent today? "
                    "The whole fleet's, since midnight UTC, in the price table's currency. At its limit, what is not "
                    "cached is refused.",
                    "none",
                    Query(
                        in_currency(f"max by (organisation) ({of('warmline_spent_today', _O)})"),
                        "{{organisation}}, {{currency}}",
                    ),
                    Query(
                        in_currency(f"max by (organisation) ({of('warmline_spend_limit_per_day', _O)})"),
                        "{{organisation}} limit, {{currency}}",
                    ),
                ),
                series(
                    8,
                    "Spent, last hour",
                    "What costs money? "
                    "Loads of the last hour by cache, as they were billed, in the price table's currency. A jump is a "
                    "cold cache or callers who ask something new.",
                    "none",
                    Query(_last_hour("warmline_cost"), "{{cache}}, {{currency}}"),
                    stacked=True,
                ),
                series(
                    9,
                    "Saved, last hour (estimate)",
                    "What does caching save? "
                    "In the last hour, an estimate: what its lookups without a load would have cost by the price "
                    "table. If it falls and callers do not, caches are cold: see Caches.",
                    "none",
                    Query(_last_hour("warmline_cost_saved"), "{{cache}}, {{currency}}"),
                    stacked=True,
                ),
                series(
                    10,
                    "Characters billed, by transport",
                    "How many characters are billed? "
                    "By transport. REST is the slower way, taken where there was no socket: see Sockets.",
                    "none",
                    Query(total(rate("warmline_speech_characters_total"), "transport"), "{{transport}}"),
                    stacked=True,
                ),
            ],
        ),
        Row(
            "Is one organisation worse off than the others?",
            [
                series(
                    13,
                    "Hit ratio by organisation",
                    "Whose lookups do caches answer? The share that asked no provider. One far below the others has "
                    "callers who ask something new, or changes its knowledge often: see Invalidation.",
                    "percentunit",
                    Query(share(_KEPT, _ASKED, "organisation"), "{{organisation}}"),
                    most=1,
                ),
                series(
                    14,
                    "Failed loads by organisation",
                    "Whose loads fail at a provider? A share of its loads. All of them: the provider. One: its data, "
                    "its agents or its key there; `make logs` names the errors.",
                    "percentunit",
                    Query(share(_FAILED, _LOADS, "organisation"), "{{organisation}}"),
                    most=1,
                ),
            ],
        ),
        Row(
            "Who is limited?",
            [
                series(
                    11,
                    "Refused by a limit",
                    "Whom did a limit refuse? "
                    "Rate: their own requests a second. Spend: their money for today; both are in the limits file.",
                    "ops",
                    Query(
                        total(rate("warmline_limited_total", _O), "organisation", "limit"), "{{organisation}} {{limit}}"
                    ),
                ),
                series(
                    12,
                    "Data provider: calls by outcome",
                    "How do calls to the data provider end? "
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
