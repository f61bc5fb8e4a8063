"""Do edge and hosts carry what they are given?"""

from dashboards.boards.board import Board, Variable
from dashboards.boards.panels import Query, Row, number, series

_H = 'host=~"$host"'


def _rate(metric: str, *matchers: str) -> str:
    return f"rate({metric}{{{', '.join((*matchers, _H))}}}[$__rate_interval])"


_LATE = _rate("warmline_event_loop_lag_seconds_bucket")
_BUSY = _rate("process_cpu_seconds_total", 'job="workers"')
_IDLE = _rate("node_cpu_seconds_total", 'mode="idle"')
_ACCEPTED, _HANDLED = _rate("nginx_connections_accepted"), _rate("nginx_connections_handled")
_WORKERS = f'{{job="workers", {_H}}}'
_DISKS = f'{{fstype!~"tmpfs|overlay|squashfs|ramfs", {_H}}}'
_CARDS = 'device!~"lo|veth.*|docker.*|br-.*"'

BOARD = Board(
    uid="warmline-edge",
    title="Warmline: edge and host",
    description="Do edge and hosts carry what they are given?",
    variables=[Variable("host", "node_boot_time_seconds", "Host")],
    rows=[
        Row(
            "Does the edge answer?",
            [
                number(
                    1,
                    "Probes: the least (1: all succeed)",
                    "Do the probes through the edge succeed? "
                    "The least of all: the edge itself, a greeting, a question. 0 is what callers see; "
                    "EdgeDoesNotAnswer's runbook tells the three apart.",
                    "none",
                    f"min(probe_success{{{_H}}})",
                    most=1,
                    marks={0: "red", 1: "green"},
                ),
                series(
                    2,
                    "Probes that succeed",
                    "Which probe succeeds? "
                    "If only the greeting or the question fails, the edge is well and a provider or a worker is not.",
                    "none",
                    Query(f"min by (probe, host) (probe_success{{{_H}}})", "{{probe}} through {{host}}"),
                    most=1,
                ),
                series(
                    3,
                    "Probe time",
                    "How long does a probe take? As a caller would wait. The first after a while may be cold.",
                    "s",
                    Query(f"max by (probe) (probe_duration_seconds{{{_H}}})", "{{probe}}"),
                ),
                series(
                    15,
                    "Certificate: time left",
                    "For how long is the certificate valid? "
                    "Below two weeks CertificateExpires fires. Nothing here means that the edge has none.",
                    "s",
                    Query(f"min by (host) (probe_ssl_earliest_cert_expiry{{{_H}}} - time())", "{{host}}"),
                ),
            ],
        ),
        Row(
            "What does nginx carry?",
            [
                series(
                    4,
                    "Requests by edge",
                    "How many requests does each edge take? With two edges, what callers' DNS makes of them.",
                    "reqps",
                    Query(f"sum by (host) ({_rate('nginx_http_requests_total')})", "{{host}}"),
                ),
                series(
                    5,
                    "Connections by edge",
                    "How many connections are open? Waiting are kept alive, writing are answered or carry a WebSocket.",
                    "none",
                    Query(f"sum by (host) (nginx_connections_writing{{{_H}}})", "{{host}} writing"),
                    Query(f"sum by (host) (nginx_connections_waiting{{{_H}}})", "{{host}} waiting"),
                    stacked=True,
                ),
                series(
                    6,
                    "Connections dropped",
                    "How many connections were dropped? Accepted and not handled: worker_connections is reached.",
                    "ops",
                    Query(
                        f"sum by (host) ({_ACCEPTED}) - sum by (host) ({_HANDLED})",
                        "{{host}}",
                    ),
                ),
            ],
        ),
        Row(
            "Do the hosts carry it?",
            [
                series(
                    7,
                    "Processors in use",
                    "How busy are the processors? "
                    "Above 80 % for long, callers wait: `make scale WORKERS=` helps only where other hosts have room.",
                    "percentunit",
                    Query(f"1 - avg by (host) ({_IDLE})", "{{host}}"),
                    most=1,
                ),
                series(
                    8,
                    "Memory in use",
                    "How much memory is used? "
                    "Above 90 % the kernel begins to end processes: lower the caches' limits or move slots.",
                    "percentunit",
                    Query(
                        f"1 - node_memory_MemAvailable_bytes{{{_H}}} / node_memory_MemTotal_bytes{{{_H}}}",
                        "{{host}}",
                    ),
                    most=1,
                ),
                series(
                    9,
                    "Disk in use, the fullest",
                    "How full are the disks? "
                    "The fullest of each host. Above 90 %, old images are the first to go: `docker image prune`.",
                    "percentunit",
                    Query(
                        f"max by (host) (1 - node_filesystem_avail_bytes{_DISKS} / node_filesystem_size_bytes{_DISKS})",
                        "{{host}}",
                    ),
                    most=1,
                ),
                series(
                    10,
                    "Network traffic",
                    "How much goes over the network? "
                    "Audio to callers makes most of it. At the network's limit, add hosts before workers.",
                    "Bps",
                    Query(f"sum by (host) ({_rate('node_network_transmit_bytes_total', _CARDS)})", "{{host}} out"),
                    Query(f"sum by (host) ({_rate('node_network_receive_bytes_total', _CARDS)})", "{{host}} in"),
                ),
            ],
        ),
        Row(
            "Do the workers' processes do well?",
            [
                series(
                    11,
                    "Event loop lag, p99",
                    "How late is each worker's event loop? "
                    "p99. Above 50 ms everything of that worker is late: too many callers for one core, or something "
                    "that blocks.",
                    "s",
                    Query(
                        f"histogram_quantile(0.99, sum by (le, slot) ({_LATE}))",
                        "{{slot}}",
                    ),
                ),
                series(
                    12,
                    "Processor by worker (1: a core)",
                    "How much processor does each worker take? "
                    "1 is a whole core, and all that one worker can use: `make scale WORKERS=` gives it company.",
                    "none",
                    Query(f"sum by (slot) ({_BUSY})", "{{slot}}"),
                ),
                series(
                    13,
                    "Memory by worker",
                    "How much memory does each worker hold? "
                    "Caches up to their limits and some 100 MiB. A line that only climbs is a leak: `make deploy` "
                    "restarts it for now.",
                    "bytes",
                    Query(f"process_resident_memory_bytes{_WORKERS}", "{{slot}}"),
                ),
                series(
                    14,
                    "Open files by worker",
                    "How many files has each worker open? "
                    "Connections for the most part. A line that climbs without callers is a leak.",
                    "none",
                    Query(f"process_open_fds{_WORKERS}", "{{slot}}"),
                ),
            ],
        ),
        Row(
            "Does what workers say get away?",
            [
                series(
                    16,
                    "Log lines lost",
                    "How many lines of its log has each worker lost? "
                    "None, while Docker reads what containers say. A worker does not wait for that: `systemctl status "
                    "docker` on its host.",
                    "none",
                    Query(
                        f"sum by (slot) (increase(warmline_log_lines_lost_total{_WORKERS}[$__rate_interval]))",
                        "{{slot}}",
                    ),
                ),
            ],
        ),
    ],
)
