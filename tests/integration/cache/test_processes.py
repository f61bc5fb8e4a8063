"""Workers as processes that are killed and suspended, and the history of what they answered (promises 1 and 3)."""

import bisect
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tests.support.caches.process import Invalidated, Read
from tests.support.processes import ROOT, Process, python_path
from tests.support.redis import RedisServer
from tests.support.time.wait import until

LEASE, LOAD = 2.0, 1.0


class Fleet:
    """Processes over three Redis servers: the two that workers have, and an origin."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.servers = [RedisServer(folder, name=name).start() for name in ("cache", "state", "origin")]
        self.members: list[Process] = []

    @property
    def origin(self) -> RedisServer:
        return self.servers[2]

    def start(self, mode: str, *options: str) -> Process:
        number = len(self.members)
        command = [sys.executable, "-m", "tests.support.caches.process", mode, *(server.url for server in self.servers)]
        member = Process(
            [*command, "--name", f"w{number}", *options],
            log=self.folder / f"w{number}.jsonl",
            environment={"PYTHONPATH": f"{python_path()['PYTHONPATH']}:{ROOT}"},
        )
        self.members.append(member)
        return member

    def history(self, *members: Process) -> list[Read | Invalidated]:
        """What these, or all, have said until now; a process that was killed may have left half a line."""
        lines = [line for member in members or self.members for line in member.output.splitlines(keepends=True)]
        return [msgspec.json.decode(line, type=Read | Invalidated) for line in lines if line.endswith("\n")]

    def stop(self) -> None:
        for member in self.members:
            member.signal(signal.SIGCONT)
            member.kill()
        for server in self.servers:
            server.stop()


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    made = Fleet(tmp_path)
    yield made
    made.stop()


def stale_reads(history: list[Read | Invalidated]) -> list[Read]:
    """Those that began after an invalidation was acknowledged and gave something older than it promised."""
    promised: dict[str, list[tuple[float, int]]] = {}
    for event in sorted((e for e in history if isinstance(e, Invalidated)), key=lambda e: e.ended):
        earlier = promised.setdefault(event.name, [])
        earlier.append((event.ended, max(event.version, earlier[-1][1] if earlier else 0)))

    def floor(read: Read) -> int:
        known = promised.get(read.name, [])
        at = bisect.bisect_left(known, (read.began, -1))
        return known[at - 1][1] if at else 0

    return [event for event in history if isinstance(event, Read) and event.version < floor(event)]


def test_a_read_older_than_what_was_promised_before_it_began_is_noticed() -> None:
    promise = Invalidated("k", 3, 10.0, 0)
    reads = [Read("k", 2, 9.9, 11.0, "l1"), Read("k", 3, 10.1, 11.0, "l1"), Read("k", 2, 10.1, 11.0, "l1")]
    assert stale_reads([*reads, promise, Read("other", 0, 12.0, 13.0, "l1")]) == [reads[2]]


def test_no_read_is_older_than_what_was_acknowledged_before_it_while_workers_are_killed_and_suspended(
    fleet: Fleet,
) -> None:
    for _ in range(4):
        fleet.start("live")

    def invalidations(count: int) -> None:
        def enough() -> bool:
            return sum(isinstance(event, Invalidated) for event in fleet.history()) >= count

        until(enough, seconds=40, what=f"{count} acknowledged invalidations")

    invalidations(100)
    fleet.members[0].kill()
    fleet.start("live")
    invalidations(150)
    fleet.members[1].signal(signal.SIGSTOP)
    invalidations(200)
    resumed = time.monotonic()
    fleet.members[1].signal(signal.SIGCONT)
    invalidations(400)
    history = fleet.history()
    assert stale_reads(history) == []
    sources = Counter(event.source for event in history if isinstance(event, Read))
    assert min(sources[source] for source in ("l1", "l2", "joined", "origin")) > 20, sources
    assert any(event.waited_out for event in history if isinstance(event, Invalidated))
    assert any(read.began > resumed for read in fleet.history(fleet.members[1]) if isinstance(read, Read))


def test_a_cold_key_of_many_processes_costs_one_load_and_one_more_if_the_loading_one_is_killed(fleet: Fleet) -> None:
    for _ in range(6):
        fleet.start("cold", "--load-seconds", str(LOAD))
    with fleet.origin.client() as origin:
        until(lambda: origin.llen("loads:cold"), seconds=20, what="a first load")
        (leader,) = [int(name) for name in origin.lrange("loads:cold", 0, -1)]
        (killed,) = [member for member in fleet.members if member.id == leader]
        killed.kill()
        survivors = [member for member in fleet.members if member is not killed]
        assert [member.exit_code() for member in survivors] == [0] * 5
        assert origin.llen("loads:cold") == 2
    waits = [event.ended - event.began for event in fleet.history() if isinstance(event, Read)]
    assert len(waits) == 5
    assert max(waits) < LEASE + LOAD + 1, "a lease and a load, and a second for a busy machine"
