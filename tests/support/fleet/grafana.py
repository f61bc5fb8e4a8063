"""The fleet's Grafana, where it has one, as an operator reaches it: through SSH, with the password made for it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support import fleet
from tests.support.processes import Process, free_port

USER = "admin"


@contextmanager
def tunnel(folder: Path) -> Iterator[str]:
    """Its address on loopback; what ssh says goes into the folder."""
    port = free_port()
    command = ["ssh", "-F", str(fleet.STATE / "ssh_config"), "-S", "none", "-N", "-L", f"{port}:127.0.0.1:3000"]
    process = Process([*command, "monitor-1"], log=folder / "ssh.log").listening(port)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.stop()


def password() -> str:
    return (fleet.STATE / "secrets" / "grafana_admin").read_text(encoding="utf-8").strip()
