"""Is Redis there, fast, and large enough?"""

from dashboards.boards.board import Board, Variable
from dashboards.boards.panels import Query, Row, number, series, table

_R = 'redis=~"$redis"'


def _rate(metric: str, *matchers: str) -> str:
    return f"rate({metric}{{{', '.join((*matchers, _R))}}}[$__rate_interval])"


_HITS, _MISSES = _rate("redis_keyspace_hits_total"), _rate("redis_keyspace_misses_total")

BOARD = Board(
    uid="warmline-redis",
    title="Warmline: Redis",
    description="Is Redis there, fast, and large enough?",
    variables=[Variable("redis", "redis_up", "Redis")],
    rows=[
        Row(
            "Is it there?",
            [
                number(
                    1,
                    "Redis up, the least (1: all)",
                    "Does every Redis answer? "
                    "The least of both. 0: the fleet goes on from L1 and the providers; run the command in "
                    "RedisDown's runbook.",
                    "none",
                    f'min(redis_up{{{_R}}} or on (redis) up{{job="redis", {_R}}})',
                    most=1,
                    marks={0: "red", 1: "green"},
                ),
                series(
                    2,
                    "Redis left alone by workers (1: yes)",
                    "Do workers leave Redis alone? "
                    "How many workers have their breaker open. Some for a moment is a hiccup, all is Redis or the "
                    "network.",
                    "none",
                    Query(f"sum by (redis) (warmline_redis_breaker_open{{{_R}}})", "{{redis}}: open now"),
                    Query(
                        f"sum by (redis) (increase(warmline_redis_breaker_opened_total{{{_R}}}[$__rate_interval]))",
                        "{{redis}}: opened",
                    ),
                ),
                series(
                    3,
                    "Redis: time since its start",
                    "For how long has it been up? "
                    "A line that falls to 0 is a restart. The fleet makes the logged invalidations again by itself.",
                    "s",
                    Query(f"redis_uptime_in_seconds{{{_R}}}", "{{redis}}"),
                ),
                table(
                    4,
                    "Redis: version and role",
                    "What runs, and in which role? "
                    "A role that changed is a failover; `cache` must evict (allkeys-lfu) and `state` must not "
                    "(noeviction).",
                    "none",
                    f"redis_instance_info{{{_R}}}",
                    columns={
                        "redis": "Redis",
                        "role": "Role",
                        "redis_version": "Version",
                        "maxmemory_policy": "Eviction",
                    },
                    hidden=("os", "process_id", "redis_build_id", "redis_mode", "run_id", "tcp_port"),
                ),
            ],
        ),
        Row(
            "Is it large enough?",
            [
                series(
                    5,
                    "Memory, of the limit",
                    "How full is it? "
                    "`cache` at 100 % evicts, which is its work; `state` at 100 % refuses writes: raise "
                    "fleet_redis_state_mib before that.",
                    "percentunit",
                    Query(
                        f"redis_memory_used_bytes{{{_R}}} / (redis_memory_max_bytes{{{_R}}} > 0)",
                        "{{redis}}",
                    ),
                    most=1,
                ),
                series(
                    6,
                    "Keys evicted and expired",
                    "How many keys does it evict, and how many expire? "
                    "Evictions of `cache` above what expires mean that it is too small for its traffic. `state` must "
                    "never evict.",
                    "ops",
                    Query(f"sum by (redis) ({_rate('redis_evicted_keys_total')})", "{{redis}} evicted"),
                    Query(f"sum by (redis) ({_rate('redis_expired_keys_total')})", "{{redis}} expired"),
                ),
                series(
                    7,
                    "Keys held",
                    "How many keys does it hold? "
                    "Steady under steady traffic. A line of `state` that only climbs is something that never expires.",
                    "none",
                    Query(f"sum by (redis) (redis_db_keys{{{_R}}})", "{{redis}}"),
                ),
            ],
        ),
        Row(
            "Is it fast?",
            [
                series(
                    8,
                    "Commands a second",
                    "How many commands does it carry out? "
                    "By command. A jump of one of them without more callers is a loop of somebody's.",
                    "ops",
                    Query(f"sum by (redis, cmd) ({_rate('redis_commands_total')})", "{{redis}} {{cmd}}"),
                    stacked=True,
                ),
                series(
                    9,
                    "Time of a command",
                    "How long does a command take? "
                    "The mean, in Redis itself. Above a millisecond something heavy runs beside: see its slow log.",
                    "s",
                    Query(
                        f"sum by (redis) ({_rate('redis_commands_duration_seconds_total')}) "
                        f"/ sum by (redis) ({_rate('redis_commands_total')})",
                        "{{redis}}",
                    ),
                ),
                series(
                    10,
                    "Reads that find something",
                    "How many reads find something? "
                    "Of keys asked, entries and generations alike. It falls when Redis is too small or has just "
                    "started.",
                    "percentunit",
                    Query(
                        f"sum by (redis) ({_HITS}) / (sum by (redis) ({_HITS}) + sum by (redis) ({_MISSES}))",
                        "{{redis}}",
                    ),
                    most=1,
                ),
            ],
        ),
        Row(
            "Who is connected?",
            [
                series(
                    11,
                    "Clients, and clients refused",
                    "Who is connected, and was anybody refused? "
                    "A few for each worker. Refused ones mean maxclients is reached.",
                    "none",
                    Query(f"redis_connected_clients{{{_R}}}", "{{redis}}"),
                    Query(
                        f"sum by (redis) ({_rate('redis_rejected_connections_total')})", "{{redis}} refused a second"
                    ),
                ),
                series(
                    12,
                    "Network traffic",
                    "How much does it send and take? "
                    "Audio makes most of it. Near the network's limit, lower what is stored: cache_tts_ttl.",
                    "Bps",
                    Query(f"sum by (redis) ({_rate('redis_net_output_bytes_total')})", "{{redis}} out"),
                    Query(f"sum by (redis) ({_rate('redis_net_input_bytes_total')})", "{{redis}} in"),
                ),
                series(
                    13,
                    "Write state (1: well)",
                    "Does it keep what it was told? "
                    "`state` writes each change to a file. 0 is a disk that is full or gone: see Edge and host.",
                    "none",
                    Query(f"redis_aof_last_write_status{{{_R}}}", "{{redis}}"),
                    most=1,
                ),
            ],
        ),
        Row(
            "Does it tell the time that workers do?",
            [
                series(
                    14,
                    "Clock skew, workers to Redis",
                    "Do the clocks agree? "
                    "By how much a worker's clock is ahead of Redis'. What one stores that is more "
                    "than 2 s ahead counts as past its time on all others: mend its host's time synchronisation.",
                    "s",
                    Query(f"max by (redis) (warmline_redis_clock_skew_seconds{{{_R}}})", "{{redis}}: furthest ahead"),
                    Query(f"min by (redis) (warmline_redis_clock_skew_seconds{{{_R}}})", "{{redis}}: furthest behind"),
                ),
            ],
        ),
    ],
)
