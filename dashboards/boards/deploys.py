"""What runs where, and what do deploys do just now?"""

from dashboards.boards.board import Board
from dashboards.boards.panels import Query, Row, number, series, table
from dashboards.boards.promql import of, quantile, rate, share, total

_FAILED = rate("warmline_http_requests_total", 'status=~"5.."')

_ORIGIN = rate("warmline_cache_lookups_total", 'source="origin"')

BOARD = Board(
    uid="warmline-deploys",
    title="Warmline: deploys",
    description="What runs where, and what do deploys do just now? Blue lines are rollouts.",
    rows=[
        Row(
            "What runs?",
            [
                table(
                    1,
                    "Slots: state, colour, release",
                    "Which slot runs what? "
                    "As the last deploy left it. A slot that is down here was drained: `make undrain HOST=` brings "
                    "it back.",
                    "none",
                    of("warmline_slot_info"),
                    columns={
                        "slot": "Slot",
                        "state": "State",
                        "colour": "Colour",
                        "version": "Version",
                        "release": "Release",
                        "exported_host": "Host",
                    },
                    hidden=("host",),
                ),
                table(
                    12,
                    "Last rollouts",
                    "How did the last rollouts end? "
                    "The latest of each kind and outcome. A failed one younger than the done one: `make status`, then "
                    "`make deploy` once what it said is mended.",
                    "dateTimeFromNow",
                    "1000 * max by (kind, outcome) (warmline_last_rollout_timestamp_seconds)",
                    columns={"kind": "Rollout", "outcome": "Outcome", "Value": "When"},
                ),
                series(
                    2,
                    "Workers by version",
                    "How many workers run each version? "
                    "Two versions are a deploy under way, or one that died half-way: `make status` says which slot, "
                    "`make deploy` finishes it.",
                    "none",
                    Query(f"count by (version) ({of('warmline_build_info')})", "{{version}}"),
                    stacked=True,
                ),
                series(
                    3,
                    "Workers by colour",
                    "How many workers of each colour serve? A deploy moves them from one to the other, host by host.",
                    "none",
                    Query(total(of("up", 'job="workers"'), "colour"), "{{colour}}"),
                    stacked=True,
                ),
            ],
        ),
        Row(
            "What is going on?",
            [
                number(
                    4,
                    "Deploy lock (1: held)",
                    "Is somebody deploying? "
                    "1 while the lock is held. If nobody is, `make status` says whose it was and "
                    "`make break-lock YES=1` takes it away.",
                    "none",
                    "max(warmline_deploy_lock_held)",
                    most=1,
                    marks={0: "green", 1: "blue"},
                ),
                number(
                    5,
                    "Deploy lock: held for",
                    "For how long? A deploy takes minutes. DeployLockStale fires after half an hour.",
                    "s",
                    "max((time() - warmline_deploy_lock_since_seconds) * warmline_deploy_lock_held) or vector(0)",
                    marks={0: "green", 1800: "red"},
                ),
                series(
                    6,
                    "nginx: old workers that drain",
                    "How many old nginx workers still drain? "
                    "Each reload leaves some until their last conversation has ended. Deploys refuse to start while "
                    "there are too many.",
                    "none",
                    Query("sum by (host) (warmline_nginx_draining_workers)", "{{host}}"),
                ),
                series(
                    7,
                    "nginx: reloads",
                    "How often was nginx reloaded? "
                    "Once for each batch of a deploy. More than deploys explain is somebody who reloads by hand.",
                    "none",
                    Query("sum by (host) (increase(warmline_nginx_reloads_total[$__rate_interval]))", "{{host}}"),
                ),
            ],
        ),
        Row(
            "Did anybody notice?",
            [
                series(
                    8,
                    "Failed requests",
                    "How many requests failed? "
                    "Statuses of 500 and more. A deploy must leave this line at 0; if not, `make rollback`.",
                    "reqps",
                    Query(f"{total(_FAILED)} or vector(0)", "failed"),
                ),
                series(
                    9,
                    "Conversations cut",
                    "How many conversations were cut? "
                    "Going_away is a drain that the client follows to another slot; failed, upstream and full are "
                    "callers who noticed.",
                    "ops",
                    Query(
                        total(
                            rate("warmline_sessions_ended_total", 'reason=~"going_away|failed|upstream|full"'), "reason"
                        ),
                        "{{reason}}",
                    ),
                ),
                series(
                    10,
                    "Warming: entries by layer",
                    "How warm did new workers begin? "
                    "What each warming brought into L1, by where it was. Mostly l2 after a deploy; origin costs money.",
                    "ops",
                    Query(total(rate("warmline_warming_entries_total"), "source"), "{{source}}"),
                    Query(total(rate("warmline_warming_left_cold_total"), "reason"), "left cold: {{reason}}"),
                    stacked=True,
                ),
                series(
                    11,
                    "Warming: seconds",
                    "How long did warming take? "
                    "A worker is ready when it is warm, or after warming_seconds. At that limit it began partly cold.",
                    "s",
                    Query(of("warmline_warming_duration_seconds"), "{{slot}}"),
                ),
            ],
        ),
        Row(
            "Is green as good as blue?",
            [
                series(
                    16,
                    "Failed requests by colour",
                    "Does the new colour fail where the old one does not? The share of requests that ended in a status "
                    "of 500 or more. Above the other colour's for a minute: `make rollback`.",
                    "percentunit",
                    Query(share(_FAILED, rate("warmline_http_requests_total"), "colour"), "{{colour}}"),
                    most=1,
                ),
                series(
                    17,
                    "Request time by colour, p99",
                    "Is the new colour as quick as the old one? It is slower while its caches fill; compare the hit "
                    "ratios. Slower when they are alike is the release: `make rollback`.",
                    "s",
                    Query(quantile(0.99, "warmline_http_request_duration_seconds", by=("colour",)), "{{colour}}"),
                ),
                series(
                    18,
                    "Hit ratio by colour",
                    "Does the new colour find what the old one had kept? It begins below and should meet the other "
                    "within minutes. If it stays below, its entries are another version's or `make warm` is due.",
                    "percentunit",
                    Query(f"1 - {share(_ORIGIN, rate('warmline_cache_lookups_total'), 'colour')}", "{{colour}}"),
                    most=1,
                ),
                series(
                    19,
                    "Event loop lag by colour, p99",
                    "Does the new colour have more to do for as many callers? Above 50 ms everything of its workers "
                    "is late, and callers hear pauses: `make rollback`.",
                    "s",
                    Query(quantile(0.99, "warmline_event_loop_lag_seconds", by=("colour",)), "{{colour}}"),
                ),
            ],
        ),
        Row(
            "Is it still as it was deployed?",
            [
                series(
                    13,
                    "Firewall: repairs",
                    "Who changed the firewall? "
                    "What the kernel had was not what is written, and was put back within seconds. Each is a program "
                    "or a person on that host: find out which, and say in the inventory what they wanted.",
                    "none",
                    Query("sum by (host) (increase(warmline_firewall_repairs_total[$__rate_interval]))", "{{host}}"),
                ),
                series(
                    14,
                    "Firewall: time since the last look",
                    "When was the firewall last looked at? "
                    "Seconds ago, every ten. Growing: nobody puts it back there, whatever happens to it.",
                    "s",
                    Query("(max by (host) (warmline_firewall_checked_timestamp_seconds) - time()) * -1", "{{host}}"),
                ),
                series(
                    15,
                    "Containers that would not come back",
                    "What would not come back after a crash? "
                    "Containers that were stopped or signalled through Docker and ran on. A restart, when few call, or "
                    "the next deploy puts that right.",
                    "none",
                    Query("sum by (host) (warmline_containers_given_up)", "{{host}}"),
                    Query("sum by (host, name) (warmline_container_given_up)", "{{host}}: {{name}}"),
                ),
            ],
        ),
    ],
)
