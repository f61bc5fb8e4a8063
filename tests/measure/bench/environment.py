"""On what it was measured."""

import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path

from tests.measure.bench.servers import cores

LIBRARIES = (
    *("redis", "hiredis", "uvloop", "cachetools", "async-lru", "theine", "cashews", "aiocache", "dogpile.cache"),
    "prometheus-client",
)


def environment() -> dict[str, str]:
    """What to know beside the numbers, before anything runs."""
    client, server = (",".join(map(str, sorted(chosen))) for chosen in cores())
    return {
        "machine": f"{os.cpu_count()} cores, {processor()}, load {load()} before the run",
        "pinned": f"one client: core {client}; Redis: core {server}; ten workers: wherever there is room",
        "python": f"{platform.python_implementation()} {platform.python_version()}, {platform.system()}"
        f" {platform.release()}, uvloop",
        "redis": subprocess.run(["redis-server", "--version"], capture_output=True, text=True, check=True)
        .stdout.split("sha")[0]
        .strip(),
        "libraries": ", ".join(f"{name} {version(name)}" for name in LIBRARIES),
    }


def after(environment: dict[str, str], seconds: float) -> dict[str, str]:
    """The same with what is known at the end."""
    return environment | {"run": f"{seconds:.0f} s, load {load()} after it"}


def load() -> str:
    """The machine's, over one, five and fifteen minutes."""
    return " ".join(f"{load:.1f}" for load in os.getloadavg())


def processor() -> str:
    """Its name."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    names = {line.partition(":")[2].strip() for line in lines if line.startswith("model name")}
    return ", ".join(sorted(names)) or platform.machine()
