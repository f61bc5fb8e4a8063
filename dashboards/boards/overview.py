"""Are callers happy, and what did caching save? Where whoever was woken begins."""

from dashboards.boards.board import ENVIRONMENT, SLOT, Board
from dashboards.boards.panels import Query, Row, expected, number, series, table
from dashboards.boards.promql import of, quantile, rate, share, total
from dashboards.objectives import OBJECTIVES

_ORIGIN = rate("warmline_cache_lookups_total", 'source="origin"')
_FAILED = rate("warmline_http_requests_total", 'status=~"5.."')
_ALL = rate("warmline_cache_lookups_total")
_PAGES = (expected(14.4, "page: 5m and 1h"), expected(6, "page: 30m and 6h"))
_TICKETS = (expected(3, "ticket: 2h and 1d"), expected(1, "ticket: 6h and 3d"))
"""How fast a budget must burn in both windows for an alert of rules/slo.yml; a test compares them."""
_BUDGET = {0: "red", 0.25: "orange", 0.5: "green"}
_WINDOWS = ("5m", "30m", "1h", "2h", "6h", "1d", "3d")
_EARLIER = (
    "The share of the last 30 days' budget that is left, of as many of them as Prometheus holds. Below nothing the "
    "objective is missed. What spends it is in the burn rates beside: stop risky deploys until it grows again."
)


def _burns(errors: str, share: float) -> list[Query]:
    """How many times faster than allowed the budget of an objective is spent, in each window that alerts look at."""
    allowed = f"{1 - share:g}"
    return [Query(f"{errors}:ratio_rate{window} / {allowed}", window) for window in _WINDOWS]


def _left(errors: str, share: float) -> str:
    return f"1 - {errors}:ratio_rate{OBJECTIVES.budget_days}d / {1 - share:g}"


_LATE, _ERRORS = "fleet:warmline_greetings_late", "fleet:warmline_request_errors"

BOARD = Board(
    uid="warmline-overview",
    title="Warmline: overview",
    description="Are callers happy, and what did caching save?",
    variables=[SLOT, ENVIRONMENT],
    rows=[
        Row(
            "Are callers happy?",
            [
                number(
                    1,
                    "Greetings in time (1 h)",
                    "Are greetings quick? Heard within half a second, in the last hour, over all slots. Below the "
                    "objective, look at Caches (were they cold?) and Sockets (did greetings wait for a handshake?).",
                    "percentunit",
                    f"1 - {_LATE}:ratio_rate1h",
                    expected(OBJECTIVES.greetings, "objective"),
                    most=1,
                    marks={0: "red", 0.95: "orange", OBJECTIVES.greetings: "green"},
                    legend="measured",
                ),
                number(
                    2,
                    "Requests answered (1 h)",
                    "Are requests answered? Those that did not end in a status of 500 or more, in the last hour, over "
                    "all slots. Below the objective, panel 7 names the statuses and `make logs SLOT=` the reason.",
                    "percentunit",
                    f"1 - {_ERRORS}:ratio_rate1h",
                    expected(OBJECTIVES.requests, "objective"),
                    most=1,
                    marks={0: "red", 0.99: "orange", OBJECTIVES.requests: "green"},
                    legend="measured",
                ),
                number(
                    3,
                    "Hit ratio, all caches",
                    "Do caches answer? Hits of either layer, joined loads and stale answers, of the last moments. It "
                    "falls when caches are cold or too small: Caches shows each beside what is expected of it.",
                    "percentunit",
                    f"1 - {share(_ORIGIN, _ALL)}",
                    most=1,
                    marks={0: "red", 0.5: "orange", 0.8: "green"},
                ),
                number(
                    15,
                    "Sessions, of the limit",
                    "Is there room for more callers? Open sessions against what the workers may hold, all of them and "
                    "the fullest. At 100 % callers are refused as `full`: `make scale WORKERS=`.",
                    "percentunit",
                    f"sum({of('warmline_sessions')}) / sum({of('warmline_session_limit')})",
                    Query(f"max({of('warmline_sessions')} / {of('warmline_session_limit')})", "the fullest"),
                    most=1,
                    marks={0: "green", 0.7: "orange", 0.9: "red"},
                    legend="all",
                ),
                number(
                    4,
                    "Workers that serve",
                    "How many workers serve? "
                    "As many as Prometheus can scrape. Fewer than the inventory has: see Deploys, then `make status`.",
                    "none",
                    total(of("up", 'job="workers"')),
                ),
                number(
                    5,
                    "Alerts that fire",
                    "Do alerts fire? "
                    "The table below names them and their runbooks; the watchdog, which always fires, is left out.",
                    "none",
                    'count(ALERTS{alertstate="firing", alertname!="Watchdog"}) or vector(0)',
                    marks={0: "green", 1: "red"},
                ),
            ],
            height=6,
        ),
        Row(
            "How much may still go wrong, and how fast does it?",
            [
                number(
                    16,
                    "Requests: budget left",
                    f"May more requests fail? {_EARLIER}",
                    "percentunit",
                    _left(_ERRORS, OBJECTIVES.requests),
                    most=1,
                    marks=_BUDGET,
                ),
                series(
                    17,
                    "Requests: burn rate by window",
                    "How many times faster than allowed do requests spend their budget? An alert fires while both "
                    "windows of a line are above it: 14.4 and 6 wake somebody, 3 and 1 are for the morning. Find the "
                    "status in panel 7.",
                    "none",
                    *_burns(_ERRORS, OBJECTIVES.requests),
                    *_PAGES,
                    *_TICKETS,
                ),
                number(
                    18,
                    "Greetings: budget left",
                    f"May more greetings come late? {_EARLIER}",
                    "percentunit",
                    _left(_LATE, OBJECTIVES.greetings),
                    most=1,
                    marks=_BUDGET,
                ),
                series(
                    19,
                    "Greetings: burn rate by window",
                    "How many times faster than allowed do greetings spend their budget? An alert fires while both "
                    "windows of a line are above it: 14.4 and 6 wake somebody, 3 and 1 are for the morning. Look at "
                    "Caches and Sockets.",
                    "none",
                    *_burns(_LATE, OBJECTIVES.greetings),
                    *_PAGES,
                    *_TICKETS,
                ),
            ],
            height=11,
        ),
        Row(
            "What do callers get from nginx itself?",
            [
                number(
                    20,
                    "Answered at the edge (1 h)",
                    "What did callers get from nginx, whoever answered? The share of the last hour's lines in the "
                    "edges' logs without a status of 500 or more. Lower than panel 2: nginx refuses, see beside.",
                    "percentunit",
                    "1 - fleet:warmline_edge_errors:ratio_rate1h",
                    expected(OBJECTIVES.requests, "objective"),
                    most=1,
                    marks={0: "red", 0.99: "orange", OBJECTIVES.requests: "green"},
                    legend="measured",
                ),
                series(
                    21,
                    "Failures at the edge, by status",
                    "Which failures did the edges hand out? Workers' own are in panel 7. 502: no worker took the "
                    "connection; 504: none answered in time; 503: too many connections. `make status` says who "
                    "is away.",
                    "reqps",
                    Query(
                        'sum by (status) (rate(warmline_edge_responses_total{status=~"5.."}[$__rate_interval]))',
                        "{{status}}",
                    ),
                    stacked=True,
                ),
                series(
                    22,
                    "Failures of nginx itself",
                    "How many failures are nginx's own? Those that callers got less those that workers gave. Above "
                    "nothing, workers are away or do not answer: the runbook is WorkerDown's.",
                    "reqps",
                    Query(
                        'clamp_min(sum(rate(warmline_edge_responses_total{status=~"5.."}[$__rate_interval])) - '
                        f"({total(_FAILED)} or vector(0)), 0)",
                        "nginx",
                    ),
                ),
            ],
            height=8,
        ),
        Row(
            "What do callers wait for?",
            [
                series(
                    6,
                    "Time to first audio",
                    "How long until a caller hears the first audio? "
                    "From the caller's message to the first frame. A p99 above a second is a cold cache or a slow "
                    "provider: compare with the loads on Caches.",
                    "s",
                    Query(quantile(0.5, "warmline_session_first_audio_seconds", by=("kind",)), "{{kind}} p50"),
                    Query(quantile(0.95, "warmline_session_first_audio_seconds", by=("kind",)), "{{kind}} p95"),
                    Query(quantile(0.99, "warmline_session_first_audio_seconds", by=("kind",)), "{{kind}} p99"),
                    expected(OBJECTIVES.greeting_seconds, "greetings' objective"),
                ),
                series(
                    7,
                    "Requests by status",
                    "How many requests come, and how do they end? "
                    "429 is a limit (see Sessions and money), 502 a provider, 503 Redis or a full worker, 500 a "
                    "fault of ours: read `make logs SLOT=`.",
                    "reqps",
                    Query(total(rate("warmline_http_requests_total"), "status"), "{{status}}"),
                    stacked=True,
                ),
                series(
                    8,
                    "Request time by endpoint, p99",
                    "How long does a request take? "
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
                    "Provider calls, saved and made",
                    "How many calls to providers did caching save? "
                    "Lookups that would each have been a call, beside those that were. The gap is what this fleet is "
                    "for.",
                    "ops",
                    Query(total(rate("warmline_cache_lookups_total", 'source!="origin"')), "saved"),
                    Query(total(_ORIGIN), "made"),
                ),
                series(
                    10,
                    "Money of the last hour",
                    "What did loads cost in the last hour, and what did caching save? What was really spent, in the "
                    "price table's currency; savings are an estimate by the same table. If costs rise and callers do "
                    "not, caches are cold.",
                    "none",
                    Query(
                        "sum by (currency) (cache_currency_organisation:warmline_cost_saved:increase1h)",
                        "saved, {{currency}}",
                    ),
                    Query(
                        "sum by (currency) (cache_currency_organisation:warmline_cost:increase1h)",
                        "spent, {{currency}}",
                    ),
                ),
                series(
                    11,
                    "Lookups by layer",
                    "Who answers lookups? "
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
                    "Alerts, and the way out",
                    "Which alerts fire, since when, and where is the way out? The last two columns lead to the panel "
                    "that shows it and to its runbook; the commands there name this environment.",
                    "dateTimeFromNow",
                    "1000 * (ALERTS_FOR_STATE and ignoring (alertstate) "
                    'ALERTS{alertstate="firing", alertname!="Watchdog"}) '
                    "* on (alertname) group_left (panel, runbook) alertname_panel_runbook:warmline_alert:links",
                    columns={
                        "alertname": "Alert",
                        "severity": "Severity",
                        "Value": "Since",
                        "slot": "Slot",
                        "host": "Host",
                        "redis": "Redis",
                        "cache": "Cache",
                        "organisation": "Organisation",
                        "panel": "Panel",
                        "runbook": "Runbook",
                    },
                    links={"panel": "panel", "runbook": "runbook"},
                ),
            ],
            height=9,
        ),
        Row(
            "",
            [
                series(
                    13,
                    "Targets that answer, the least (1: all)",
                    "Does every part answer Prometheus? "
                    "The least of each job: 0 means that at least one of its targets does not answer. The runbook is "
                    "TargetDown's, for workers WorkerDown's.",
                    "none",
                    Query("min by (job) (up)", "{{job}}"),
                    most=1,
                ),
                series(
                    14,
                    "Monitoring: what is not delivered",
                    "Would an alert reach you? "
                    "Rules that cannot be evaluated, notifications that cannot be delivered: anything but 0 means "
                    "that silence is no good news. The runbooks are RulesFail's and AlertsNotDelivered's.",
                    "ops",
                    Query(
                        'sum(rate(prometheus_rule_evaluation_failures_total{environment=~"$environment"}[$__rate_interval]))',
                        "rules fail",
                    ),
                    Query(
                        'sum(rate(prometheus_notifications_dropped_total{environment=~"$environment"}[$__rate_interval]))',
                        "dropped",
                    ),
                    Query("sum(rate(alertmanager_notifications_failed_total[$__rate_interval]))", "not delivered"),
                ),
            ],
        ),
    ],
)
