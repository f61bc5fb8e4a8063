"""Do callers find a warm socket to the speech provider, and does the account allow for enough?"""

from dashboards.boards.board import Board
from dashboards.boards.panels import Query, Row, heat, number, series
from dashboards.boards.promql import buckets, of, rate, share, total

_LEASES = rate("warmline_socket_leases_total")
_ALIVE = 'state!="closing"'

BOARD = Board(
    uid="warmline-sockets",
    title="Warmline: sockets",
    description="Do callers find a warm socket to the speech provider, and does the account allow for enough?",
    rows=[
        Row(
            "Are they warm?",
            [
                number(
                    1,
                    "Utterances with a warm socket",
                    "How many utterances found a warm socket? "
                    "Each one that did spared its caller a handshake. Below 90 %, raise speech_sockets_prewarm if "
                    "the account has room.",
                    "percentunit",
                    share(rate("warmline_socket_leases_total", 'found="warm"'), _LEASES),
                    most=1,
                    marks={0: "red", 0.9: "orange", 0.98: "green"},
                ),
                series(
                    2,
                    "Utterances by socket found",
                    "How many handshakes were avoided? "
                    "Warm avoided one, opened waited for one, none was sent over REST.",
                    "ops",
                    Query(total(_LEASES, "found"), "{{found}}"),
                    stacked=True,
                ),
                series(
                    3,
                    "Sockets by state",
                    "How many sockets are there, and what do they do? "
                    "Idle ones are what keeps callers from waiting. None idle for long: the pool is too small for "
                    "its callers.",
                    "none",
                    Query(total(of("warmline_sockets"), "state"), "{{state}}"),
                    stacked=True,
                ),
            ],
        ),
        Row(
            "Is there room in the account?",
            [
                series(
                    4,
                    "Sockets open, of the account",
                    "How close is the account to its limit? "
                    "All workers' sockets against what the account may have. Above 90 % new workers speak over REST: "
                    "ask the provider for more, or lower speech_sockets_maximum.",
                    "none",
                    Query(f"sum({of('warmline_sockets', _ALIVE)})", "open"),
                    Query(f"max({of('warmline_socket_account_limit')})", "limit"),
                ),
                series(
                    5,
                    "Account: share of each slot",
                    "How is the account shared out? "
                    "A share below what is fair is another worker that has not given back yet: it does within a "
                    "minute.",
                    "none",
                    Query(total(of("warmline_socket_budget"), "slot", "kind"), "{{slot}} {{kind}}"),
                ),
                series(
                    6,
                    "Utterances that wait",
                    "How many utterances wait for a socket? "
                    "More than a moment's worth means that the pool is at its maximum or handshakes fail.",
                    "none",
                    Query(total(of("warmline_socket_waiting"), "slot"), "{{slot}}"),
                ),
            ],
        ),
        Row(
            "Do they live?",
            [
                heat(
                    7,
                    "Handshake time",
                    "How long does a handshake take? "
                    "What a caller would have waited. If it climbs, the provider or the way to it is slow.",
                    buckets("warmline_socket_handshake_duration_seconds"),
                ),
                series(
                    8,
                    "Handshakes by outcome",
                    "Do handshakes fail? "
                    "Failures that last are a wrong key, a limit of the account or a provider that is down: `make logs "
                    "SLOT=` says which.",
                    "ops",
                    Query(total(rate("warmline_socket_handshake_duration_seconds_count"), "outcome"), "{{outcome}}"),
                ),
                series(
                    9,
                    "Oldest socket",
                    "How old is the oldest socket? "
                    "It is replaced before speech_sockets_max_age. A line that climbs past it is a pool that cannot "
                    "open a successor.",
                    "s",
                    Query(of("warmline_socket_oldest_seconds"), "{{slot}}"),
                ),
                series(
                    10,
                    "Sockets ended, by cause",
                    "Why do sockets end? "
                    "Aged and surplus are housekeeping, interrupted is callers who cut in. Silent, cut and failed "
                    "are the provider's.",
                    "ops",
                    Query(total(rate("warmline_socket_closed_total"), "cause"), "closed: {{cause}}"),
                    Query(total(rate("warmline_socket_lost_total"), "how"), "lost: {{how}}"),
                ),
            ],
        ),
    ],
)
