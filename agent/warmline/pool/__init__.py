"""Warm sockets: `ledger` decides without I/O, `link` is one socket's life, `pool` performs. It knows no protocol."""

from warmline.pool.actions import State, Why
from warmline.pool.ledger import Ledger
from warmline.pool.limits import SocketLimits
from warmline.pool.pool import Lease, Pool
from warmline.pool.ports import Allowance, Connect, Loss, NoSocket, PoolEvents, SocketBudget, SocketLost, Wire

__all__ = [
    "Allowance",
    "Connect",
    "Lease",
    "Ledger",
    "Loss",
    "NoSocket",
    "Pool",
    "PoolEvents",
    "SocketBudget",
    "SocketLimits",
    "SocketLost",
    "State",
    "Why",
    "Wire",
]
