"""Warm sockets: `ledger` decides without I/O, `link` is one socket's life, `pool` performs. It knows no protocol."""

from warmline.pool.actions import SocketState, Why
from warmline.pool.ledger import Ledger
from warmline.pool.limits import SocketLimits
from warmline.pool.pool import Pool, SocketLease
from warmline.pool.ports import Connect, Loss, NoSocket, PoolEvents, SocketBudget, SocketLost, SocketShare, SocketWire

__all__ = [
    "Connect",
    "Ledger",
    "Loss",
    "NoSocket",
    "Pool",
    "PoolEvents",
    "SocketBudget",
    "SocketLease",
    "SocketLimits",
    "SocketLost",
    "SocketShare",
    "SocketState",
    "SocketWire",
    "Why",
]
