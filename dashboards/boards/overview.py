"""Are callers happy, and what did caching save? Where whoever was woken begins."""

from dashboards.boards.board import Board
from dashboards.boards.panels import Query, Row, number, series, table
from dashboards.boards.promql import of, quantile, rate, share, total, within

_ORIGIN = rate("warmline_cache_lookups_total", 'source="origin"')
_ALL = rate("warmline_cache_lookups_total")
_FAILED = rate("warmline_http_requests_total", 'status=~"5.."')
_GOOD = {0: "red", 0.95: "orange", 0.99: "green"}

BOARD = Board(
    uid="warmline-overview",
    title="Warmline: overview",
    description="Are callers happy, and what did caching save?",
    rows=[
        Row(
            "Are callers happy?",
            [
                number(
                    1,
                    "How many greetings are heard within half a second?",
                    "The objective is 99 % over 30 days. Below it, look at Caches (were they cold?) and Sockets (did "
                    "greetings wait for a handshake?).",
                    "percentunit",
                    within("0.5", "warmline_session_first_audio_seconds", 'kind="greeting"'),
                    most=1,
                    marks=_GOOD,
                ),
                number(
                    2,
                    "How many requests are answered?",
                    "Those that did not end in a status of 500 or more; the objective is 99.9 % over 30 days. Below "
                    "it, panel 7 names the statuses and `make logs SLOT=` the reason.",
                    "percentunit",
                    f"1 - {share(_FAILED, rate('warmline_http_requests_total'))}",
                    most=1,
                    marks={0: "red", 0.99: "orange", 0.999: "green"},
                ),
                number(
                    3,
                    "How many lookups asked no provider?",
                    "Hits of either layer, joined loads and stale answers. It falls when caches are cold or too "
                    "small: see Caches.",
                    "percentunit",
                    f"1 - {share(_ORIGIN, _ALL)}",
                    most=1,
                    marks={0: "red", 0.5: "orange", 0.8: "green"},
                ),
                number(
                    4,
                    "How many workers serve?",
                    "As many as Prometheus can scrape. Fewer than the inventory has: see Deploys, then `make status`.",
                    "none",
                    total(of("up", 'job="workers"')),
                ),
                number(
                    5,
                    "How many alerts fire?",
                    "The table below names them and their runbooks; the watchdog, which always fires, is left out.",
                    "none",
                    'count(ALERTS{alertstate="firing", alertname!="Watchdog"}) or vector(0)',
                    marks={0: "green", 1: "red"},
                ),
            ],
            height=5,
        ),
        Row(
            "What do callers wait for?",
            [
                series(
                    6,
                    "How long until a caller hears the first audio?",
                    "From the caller's message to the first frame. A p99 above a second is a cold cache or a slow "
                    "provider: compare with the loads on Caches.",
                    "s",
                    Query(quantile(0.5, "warmline_session_first_audio_seconds", by=("kind",)), "{{kind}} p50"),
                    Query(quantile(0.99, "warmline_session_first_audio_seconds", by=("kind",)), "{{kind}} p99"),
                ),
                series(
                    7,
                    "How many requests come, and how do they end?",
                    "429 is a limit (see Sessions and money), 502 a provider, 503 Redis or a full worker, 500 a "
                    "fault of ours: read `make logs SLOT=`.",
                    "reqps",
                    Query(total(rate("warmline_http_requests_total"), "status"), "{{status}}"),
                    stacked=True,
                ),
                series(
                    8,
                    "How long does a request take?",
                    "p99 by endpoint. If all of them rise together, look at the event loop on Edge and host; if one "
                    "does, at its cache.",
                    "s",
                    Query(quantile(0.99, "warmline_http_request_duration_seconds", by=("route",)), "{{route}}"),
                ),
            ],
        ),
        Row(
            "What did caching save?",
            [
                series(
                    9,
                    "How many calls to providers did caching save?",
                    "Lookups that would each have been a call, beside those that were. The gap is what this fleet is "
                    "for.",
                    "ops",
                    Query(total(rate("warmline_cache_lookups_total", 'source!="origin"')), "saved"),
                    Query(total(_ORIGIN), "made"),
                ),
                series(
                    10,
                    "What do loads cost an hour, and what does caching save?",
                    "In the price table's currency. Savings are an estimate: what the lookups without a load would "
                    "have cost by the same table. If costs rise and callers do not, caches are cold.",
                    "none",
                    Query(f"3600 * {total(rate('warmline_cost_saved_total'))}", "saved"),
                    Query(f"3600 * {total(rate('warmline_cost_total'))}", "spent"),
                ),
                series(
                    11,
                    "Who answers lookups?",
                    "L1 should answer most, L2 what a restart or another slot has warmed. A growing origin is a cold "
                    "cache, stale a provider in trouble.",
                    "ops",
                    Query(total(_ALL, "source"), "{{source}}"),
                    stacked=True,
                ),
            ],
        ),
        Row(
            "What is wrong?",
            [
                table(
                    12,
                    "Which alerts fire, and where is the way out?",
                    "Open the runbook that has the alert's name (docs/runbooks) and run the command in it.",
                    "none",
                    'ALERTS{alertstate="firing", alertname!="Watchdog"}',
                    columns={
                        "alertname": "Alert",
                        "severity": "Severity",
                        "slot": "Slot",
                        "host": "Host",
                        "redis": "Redis",
                        "cache": "Cache",
                    },
                    hidden=("alertstate",),
                ),
                series(
                    13,
                    "Does every part answer Prometheus?",
                    "The least of each job: 0 means that at least one of its targets does not answer. The runbook is "
                    "TargetDown's, for workers WorkerDown's.",
                    "none",
                    Query("min by (job) (up)", "{{job}}"),
                    most=1,
                ),
                series(
                    14,
                    "Would an alert reach you?",
                    "Rules that cannot be evaluated, notifications that cannot be delivered: anything but 0 means "
                    "that silence is no good news. The runbooks are RulesFail's and AlertsNotDelivered's.",
                    "ops",
                    Query("sum(rate(prometheus_rule_evaluation_failures_total[$__rate_interval]))", "rules fail"),
                    Query("sum(rate(prometheus_notifications_dropped_total[$__rate_interval]))", "dropped"),
                    Query("sum(rate(alertmanager_notifications_failed_total[$__rate_interval]))", "not delivered"),
                ),
            ],
        ),
    ],
)
