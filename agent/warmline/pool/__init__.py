"""Warm sockets: `ledger` decides without I/O, `link` is one socket's life, `pool` performs. It knows no protocol."""

from warmline.pool.actions import Limits, State, Why
from warmline.pool.ledger import Ledger
from warmline.pool.pool import Lease, Pool, Timing
from warmline.pool.ports import Allowance, Connect, Loss, NoSocket, PoolEvents, SocketBudget, SocketLost, Wire

__all__ = [
    "Allowance",
    "Connect",
    "Lease",
    "Ledger",
    "Limits",
    "Loss",
    "NoSocket",
    "Pool",
    "PoolEvents",
    "SocketBudget",
    "SocketLost",
    "State",
    "Timing",
    "Why",
    "Wire",
]
