"""Real processes on loopback, ended by their id."""

import itertools
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.support.time.wait import until

ROOT = Path(__file__).resolve().parents[3]


def _ports() -> Iterator[int]:
    """Below what the kernel gives to those who connect, and none that a test process beside this one is given."""
    process = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:])
    processes = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    mine = range(16384 + process, 32768, processes)
    begin = os.getpid() % len(mine)
    return itertools.cycle([*mine[begin:], *mine[:begin]])


_PORTS = _ports()


def free_port(host: str = "127.0.0.1") -> int:
    """A port that nobody listens on now, and that was not given for as long as there are others."""
    return next(port for port in itertools.islice(_PORTS, 16384) if _free(host, port))


def _free(host: str, port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def listens(port: int, host: str = "127.0.0.1") -> bool:
    """Whether somebody accepts connections there."""
    with socket.socket() as probe:
        probe.settimeout(0.2)
        return probe.connect_ex((host, port)) == 0


def connections(process: int, port: int) -> int:
    """What is connected to a port there, and that somebody still holds open."""
    lines = Path(f"/proc/{process}/net/tcp").read_text(encoding="ascii").splitlines()[1:]
    fields = [line.split() for line in lines]
    return sum(one[1].endswith(f":{port:04X}") and one[3] != "0A" and one[9] != "0" for one in fields)


def open_files(process: int) -> int:
    """How many descriptors a process has."""
    return len(list(Path(f"/proc/{process}/fd").iterdir()))


INTERRUPTIBLE = ["env", "--default-signal=INT"]
"""Before a command that hears Ctrl-C: behind a shell (`pytest &`) a test ignores it, and so would what it starts."""


class Process:
    """One child process whose output goes to a file."""

    def __init__(self, command: list[str], *, log: Path, environment: Mapping[str, str] | None = None) -> None:
        self.log = log
        clean = {name: value for name, value in os.environ.items() if not name.startswith("WARMLINE_")}
        with log.open("ab") as out:
            self._child = subprocess.Popen(
                command,
                stdout=out,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                env={**clean, **(environment or {})},
            )

    def says(self, words: str) -> str:
        """Its output, once it holds these: a worker's log is written behind what it tells of."""
        until(lambda: words in self.output, seconds=5, what=f"{words!r} in the output")
        return self.output

    @property
    def id(self) -> int:
        """Its process id."""
        return self._child.pid

    @property
    def output(self) -> str:
        """All it has written so far."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def listening(self, port: int, host: str = "127.0.0.1") -> "Process":
        """This process, once it listens; fails with its output if it ends instead, and leaves none behind."""

        def ready() -> bool:
            assert self._child.poll() is None, f"ended with {self._child.returncode}:\n{self.output}"
            return listens(port, host)

        try:
            until(ready, seconds=60, what=f"port {port} of {self._child.args!r}")
        except AssertionError:
            self.kill()
            raise
        return self

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self._child.send_signal(number)

    def exit_code(self, seconds: float = 15) -> int:
        """Its exit code, waiting for it to end by itself."""
        return self._child.wait(timeout=seconds)

    def stop(self) -> None:
        """End it: asked first, killed after ten seconds."""
        if self._child.poll() is None:
            self._child.terminate()
            try:
                self._child.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self._child.kill()
                self._child.wait()

    def kill(self) -> None:
        """End it without a word, as a crash would."""
        self._child.kill()
        self._child.wait()


def warmline(*arguments: str) -> list[str]:
    """The command line of our own program."""
    return [sys.executable, "-m", "warmline", *arguments]


def simulator(*arguments: str) -> list[str]:
    """The command line of a simulated provider."""
    return [sys.executable, "-m", "warmline_simulators", *arguments]


def python_path() -> dict[str, str]:
    """What a child needs to find our package."""
    return {"PYTHONPATH": str(ROOT / "agent")}
