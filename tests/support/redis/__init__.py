"""Real Redis servers on loopback, alone or watched by Sentinels."""

import signal
from functools import cache
from pathlib import Path

import redis
import yaml

from tests.support.processes import ROOT, Process, free_port
from tests.support.time.wait import until

INTRODUCTION = "client|setinfo"
"""What the client library says of itself, going on if it is refused: older servers do not know it."""


@cache
def commands() -> tuple[str, ...]:
    """What a fleet's Redis lets workers do."""
    wiring = ROOT / "ansible" / "playbooks" / "group_vars" / "redis.yml"
    listed: list[str] = yaml.safe_load(wiring.read_text(encoding="utf-8"))["fleet_redis_commands"]
    return tuple(listed)


def as_worker(url: str) -> str:
    """The same server as the workers' user, who may do what a fleet's Redis lets it."""
    return url.replace("://", "://app@", 1)


class RedisServer:
    """A real redis-server. `start` after `stop` finds the same port and, unless it persists, no data."""

    def __init__(self, folder: Path, *options: str, name: str = "redis") -> None:
        self.port = free_port()
        self._log = folder / f"{name}.log"
        self._command = ["redis-server", "--port", str(self.port), "--save", "", "--dir", str(folder)]
        self._command += ["--dbfilename", f"{name}.rdb", *options]
        allowed = [f"+{command}" for command in commands() if command != INTRODUCTION]
        self._command += ["--user", "app", "on", "nopass", "resetchannels", "~wl*", "&wl*", "-@all", *allowed]
        self._process: Process | None = None

    @property
    def url(self) -> str:
        """Where clients find it."""
        return f"redis://127.0.0.1:{self.port}/0"

    def client(self) -> redis.Redis:
        """A plain client of the test's own."""
        return redis.Redis(port=self.port)

    def start(self) -> "RedisServer":
        """Start it, and return when it listens."""
        self._process = Process(self._command, log=self._log).listening(self.port)
        return self

    def stop(self, *, forgiving: bool = False) -> None:
        """Kill it without a word, if it runs. Raises AssertionError if it had to refuse a worker something, unless that
        was what the test was about."""
        if self._process:
            self._process.signal(signal.SIGCONT)
            refused = self._refused()
            self._process.kill()
            self._process = None
            if refused and not forgiving:
                raise AssertionError(f"add to fleet_redis_commands in group_vars/redis.yml, or do without: {refused}")

    def forgive(self) -> None:
        """What was refused so far was meant to be."""
        with self.client() as client:
            client.acl_log_reset()

    def _refused(self) -> set[str]:
        """What the workers' user asked and may not."""
        try:
            with redis.Redis(port=self.port, socket_timeout=2, decode_responses=True) as client:
                log = client.acl_log()
        except redis.RedisError:  # it ended by itself: a test's own doing
            return set()
        refused = (f"{one['reason']} {one['object']}" for one in log if one["username"] == "app")
        return {*refused} - {f"command {INTRODUCTION}"}

    def freeze(self) -> None:
        """It keeps its connections and says nothing."""
        assert self._process
        self._process.signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """It goes on."""
        assert self._process
        self._process.signal(signal.SIGCONT)


class Sentinels:
    """A master, a replica and three Sentinels that watch them as the service `cache`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.master = RedisServer(folder, name="master")
        self.replica = RedisServer(folder, "--replicaof", f"127.0.0.1 {self.master.port}", name="replica")
        self.ports = [free_port() for _ in range(3)]
        self._watching: list[Process] = []

    @property
    def url(self) -> str:
        """Where clients find the master, whoever it is."""
        return f"redis+sentinel://{','.join(f'127.0.0.1:{port}' for port in self.ports)}/cache/0"

    def start(self) -> "Sentinels":
        """Start all, and return when every Sentinel knows the others and the replica has caught up."""
        self.master.start()
        self.replica.start()
        self._watching = [self._sentinel(port) for port in self.ports]
        until(self._ready, seconds=20, what="Sentinels that know each other and the replica")
        return self

    def stop(self) -> None:
        """End all of them."""
        for watching in self._watching:
            watching.kill()
        self.master.stop()
        self.replica.stop()

    def _sentinel(self, port: int) -> Process:
        config = self._folder / f"sentinel-{port}.conf"
        config.write_text(
            f"port {port}\ndir {self._folder}\n"
            f"sentinel monitor cache 127.0.0.1 {self.master.port} 2\n"
            "sentinel down-after-milliseconds cache 500\nsentinel failover-timeout cache 3000\n"
        )
        command = ["redis-server", str(config), "--sentinel"]
        return Process(command, log=self._folder / f"sentinel-{port}.log").listening(port)

    def _ready(self) -> bool:
        for port in self.ports:
            with redis.Redis(port=port) as client:
                state = client.sentinel_master("cache")
            if (state["num-other-sentinels"], state["num-slaves"]) != (2, 1):
                return False
        with self.replica.client() as client:
            return bool(client.info("replication")["master_link_status"] == "up")
