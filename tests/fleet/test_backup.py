"""What could not be made again is kept in one file, and comes back from it."""

import shutil
import stat
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import fleet
from tests.support.fleet import Edge, operations
from tests.support.time.wait import until

pytestmark = [pytest.mark.long, pytest.mark.timeout(1800)]
KEPT_HERE = ("secrets", "keys", "tls")


def contents(folder: Path) -> dict[str, str]:
    return {
        str(file.relative_to(folder)): file.read_text(encoding="utf-8") for file in folder.rglob("*") if file.is_file()
    }


def prometheus_answers() -> bool:
    ready = f"http://{fleet.addresses()['monitor-1']}:{fleet.PORTS['prometheus']}/-/ready"
    return bool(fleet.host("monitor-1").run("curl --silent --fail %s", ready).rc == 0)


def stored(file: Path, archive: str) -> list[str]:
    """What an archive within an archive holds."""
    inner = subprocess.run(
        ["tar", "--extract", "--to-stdout", "--file", str(file), archive], check=True, capture_output=True
    )
    listed = subprocess.run(["tar", "--list", "--gzip"], input=inner.stdout, check=True, capture_output=True)
    return listed.stdout.decode().splitlines()


@pytest.fixture
def lost(tmp_path: Path) -> Iterator[Path]:
    """Where this machine's secrets are put, to be lost; what has not come back by itself afterwards is put back."""
    yield tmp_path / "lost"
    for name in KEPT_HERE:
        if not (fleet.STATE / name).exists() and (tmp_path / "lost" / name).exists():
            shutil.move(tmp_path / "lost" / name, fleet.STATE / name)


def test_what_a_machine_and_a_monitor_have_lost_comes_back_from_a_backup(
    edge: Edge, lost: Path, tmp_path: Path
) -> None:
    measured = f"sum(warmline_cache_lookups_total @ {time.time() - 30})"
    [had] = fleet.query(measured)
    secrets = {name: contents(fleet.STATE / name) for name in KEPT_HERE}
    file = tmp_path / "backup.tar.gz"
    assert f"backup: {file}" in operations.done(operations.make("backup", BACKUP=str(file)))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    inside = subprocess.run(["tar", "--list", "--file", str(file)], check=True, capture_output=True, text=True).stdout
    assert "backup/ledger.json" in inside
    assert "alertmanager/nflog" not in stored(file, "backup/monitor-1.tar.gz")
    assert "alertmanager/silences" in stored(file, "backup/monitor-1.tar.gz")
    until(prometheus_answers, seconds=60, what="Prometheus, which stood still meanwhile")

    lost.mkdir()
    for name in KEPT_HERE:
        shutil.move(fleet.STATE / name, lost / name)
    fleet.host("monitor-1").check_output(
        "docker stop warmline-prometheus && find /var/lib/warmline/prometheus -mindepth 1 -delete"
        " && docker start warmline-prometheus"
    )
    until(prometheus_answers, seconds=60, what="Prometheus")
    assert fleet.query(measured) == []

    operations.done(operations.make("restore", BACKUP=str(file), YES="1"))
    assert {name: contents(fleet.STATE / name) for name in KEPT_HERE} == secrets
    [has] = fleet.query(measured)
    assert has["value"][1] == had["value"][1]
    edge.get("answer", "What is gout?").raise_for_status()


def test_what_is_no_backup_is_refused_before_anything_is_changed(tmp_path: Path) -> None:
    file = tmp_path / "something.tar.gz"
    (tmp_path / "something").write_text("else", encoding="utf-8")
    subprocess.run(
        ["tar", "--create", "--gzip", "--file", str(file), "--directory", str(tmp_path), "something"], check=True
    )
    secrets = contents(fleet.STATE / "secrets")
    refused = operations.make("restore", BACKUP=str(file), YES="1")
    assert refused.returncode != 0
    assert f"{file} is no file that make backup wrote" in " ".join(refused.stdout.split())
    assert contents(fleet.STATE / "secrets") == secrets
