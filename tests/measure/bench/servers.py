"""The Redis servers that are measured against, on free ports of loopback, ended by their id."""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from redis.asyncio import Redis

from tests.support.processes import free_port, listens
from tests.support.time.wait import until


def cores() -> tuple[set[int], set[int]]:
    """Those for a client that is measured alone, and those for the servers: apart if there are two."""
    every = sorted(os.sched_getaffinity(0))
    return ({every[0]}, {every[-1]}) if len(every) > 1 else (set(every), set(every))


class Server:
    """One redis-server. `durable` gives it the append-only file that the fleet's `state` has."""

    def __init__(self, folder: Path, *, durable: bool) -> None:
        program = shutil.which("redis-server")
        if program is None:
            raise SystemExit("redis-server is missing: make control-test installs it")
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}"
        folder.mkdir()
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", ""]
        durability = ["--appendonly", "yes", "--appendfsync", "everysec"] if durable else ["--appendonly", "no"]
        # In a session of its own: Ctrl-C reaches the benchmark alone, which then ends its servers itself.
        self._child = subprocess.Popen(
            [program, *options, *durability],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def ready(self) -> "Server":
        """This server, once it listens, on its own core."""
        until(lambda: listens(self.port), seconds=10, what="redis-server")
        with contextlib.suppress(OSError):
            os.sched_setaffinity(self._child.pid, cores()[1])
        return self

    def stop(self) -> None:
        """End it."""
        self._child.terminate()
        try:
            self._child.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()


@dataclass(frozen=True, slots=True)
class Servers:
    """`cache` and `state` as a worker has them, and an `origin` that counts what it is asked."""

    cache: Server
    state: Server
    origin: Server


@contextlib.contextmanager
def servers(folder: Path) -> Iterator[Servers]:
    """Three servers, ended with the block."""
    with contextlib.ExitStack() as stack:
        started = []
        for name in ("cache", "state", "origin"):
            server = Server(folder / name, durable=name == "state")
            stack.callback(server.stop)
            started.append(server)
        yield Servers(*(server.ready() for server in started))


@dataclass(frozen=True, slots=True)
class Count:
    """Commands that a server has processed, those within scripts included."""

    commands: int
    heartbeats: int

    def __sub__(self, other: "Count") -> "Count":
        return Count(self.commands - other.commands, self.heartbeats - other.heartbeats)

    def __add__(self, other: "Count") -> "Count":
        return Count(self.commands + other.commands, self.heartbeats + other.heartbeats)


class Counter:
    """Counts the commands of `cache` and `state` together."""

    def __init__(self, servers: Servers) -> None:
        self._clients = [Redis(port=server.port) for server in (servers.cache, servers.state)]

    async def count(self) -> Count:
        """Until now, without those that ask for it. A worker renews its place in the fleet whether it is asked for
        anything or not, by a script with an HGET, which nothing else uses, and an HSET: these are counted apart."""
        return await self._count(self._clients[0]) + await self._count(self._clients[1])

    async def aclose(self) -> None:
        """Close its connections."""
        for client in self._clients:
            await client.aclose()

    async def _count(self, client: Redis) -> Count:
        info = await client.info("stats", "commandstats")
        asked = info.get("cmdstat_info", {}).get("calls", 0)
        heartbeats = 3 * info.get("cmdstat_hget", {}).get("calls", 0)
        return Count(int(info["total_commands_processed"]) - asked - heartbeats, heartbeats)
