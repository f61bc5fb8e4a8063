"""What an edge may take follows from how many processes of nginx may be alive at once, and what each may carry. Pure.

A reload starts new worker processes beside the old ones, which stay as long as their last conversation does.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

BESIDE = 9
"""Processes beside nginx's workers: its master, and whatever `docker exec` runs there."""
LEAST = 64
"""Processes that every edge may have, so that small numbers do not make its container anew."""
IDLE_MIB = 3
"""Of a worker process that carries nothing: measured, 2 MiB of its own with 4,096 connections, and some for TLS."""
CONVERSATION_KIB = 64
"""Of a conversation over TLS: its buffers, and those of both its connections."""
MEMORY_FILES_MIB = 256 + 1
"""The file systems in memory: logs that nobody takes to the disk fill the larger one."""
FILES_BESIDE = 64
"""Files of a worker process beside its connections: logs, sockets that it listens on, channels."""


def reloads(percent: int) -> int:
    """The most reloads of one rollout whose batches take `percent` of the slots: the canary, the batches, what is only
    taken away, a certificate, and one that puts everything back."""
    return math.ceil(100 / percent) + 4


def limits(processes: int, connections: int, old: int, reloads: int) -> dict[str, int]:
    """What the edge's container needs: `pids`, `memory_mib`, and `files` of each worker process.

    `processes` and `connections` are nginx's own; `old` processes may still hold conversations when a rollout of so
    many `reloads` begins, none of whose conversations ends before it does.
    """
    alive = old + processes * (reloads + 1)
    carried = processes * connections // 2  # a conversation is a connection to the caller and one to the worker
    return {
        "pids": max(LEAST, BESIDE + alive),
        "memory_mib": MEMORY_FILES_MIB + IDLE_MIB * alive + carried * CONVERSATION_KIB // 1024,
        "files": connections + FILES_BESIDE,
    }


def serving(listed: Sequence[str]) -> list[str]:
    """Of lines of `ps -o pid=,args=`, the ids of worker processes that take new connections."""
    return [line.split()[0] for line in listed if line.split(maxsplit=1)[1:] == ["nginx: worker process"]]


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, object]:
        """The filters by the names that playbooks use."""
        return {"warmline_reloads": reloads, "warmline_edge": limits, "warmline_serving_processes": serving}
