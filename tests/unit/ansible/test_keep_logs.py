"""What becomes of the edge's logs: taken from memory to the disk, packed, and bounded."""

import gzip
import os
import re
import resource
from pathlib import Path

import pytest

from tests.support.tree.programs import load

keeper = load("nginx", "keep-logs")
MIB = 1 << 20


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    """Where nginx writes."""
    (tmp_path / "spool").mkdir()
    return tmp_path / "spool"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where it is kept."""
    (tmp_path / "kept").mkdir()
    return tmp_path / "kept"


def test_what_nginx_has_written_is_taken_and_it_goes_on_in_the_same_file(spool: Path, folder: Path) -> None:
    with (spool / "access.log").open("ab", buffering=0) as log:
        log.write(b"one\n")
        keeper.keep(spool, folder, MIB, "now", folder.parent / "edge.prom")
        log.write(b"two\n")
        keeper.keep(spool, folder, MIB, "now", folder.parent / "edge.prom")
    assert (folder / "access.log").read_bytes() == b"one\ntwo\n"
    assert (spool / "access.log").stat().st_size == 0


def test_what_has_grown_large_is_packed_and_can_be_read_back(spool: Path, folder: Path) -> None:
    line = b'{"status":200}\n' * 10_000
    (spool / "access.log").write_bytes(line)
    keeper.keep(spool, folder, MIB, "20260101T000000", folder.parent / "edge.prom")
    assert [path.name for path in folder.iterdir()] == ["access-20260101T000000.log.gz"]
    assert gzip.decompress((folder / "access-20260101T000000.log.gz").read_bytes()) == line


def test_all_that_is_kept_stays_within_its_bound_and_the_oldest_goes_first(spool: Path, folder: Path) -> None:
    for hour in range(30):
        (spool / "access.log").write_bytes(os.urandom(MIB // 7))
        (spool / "error.log").write_bytes(b"an error\n")
        keeper.keep(spool, folder, MIB, f"{hour:02}", folder.parent / "edge.prom")
        newest = folder / f"access-{hour:02}.log.gz"
        os.utime(newest, (hour, hour))
    kept = sorted(path.name for path in folder.glob("*.gz"))
    assert kept[-1] == "access-29.log.gz"
    assert kept == [f"access-{hour:02}.log.gz" for hour in range(30 - len(kept), 30)]
    assert MIB // 2 < sum(path.stat().st_size for path in folder.iterdir()) <= MIB
    assert (folder / "error.log").read_text().count("an error") == 30


def test_a_line_is_there_once_though_the_disk_had_no_room_for_it_at_first(spool: Path, folder: Path) -> None:
    lines = b"".join(b"line %06d\n" % number for number in range(50_000))
    (spool / "access.log").write_bytes(lines)
    (folder / "access-20260101T000000.log.half").write_bytes(b"of a run that was ended")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(lines) // 2, hard))
    try:
        for _ in range(2):
            with pytest.raises(OSError, match="too large"):
                keeper.keep(spool, folder, 512 * MIB, "now", folder.parent / "edge.prom")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    keeper.keep(spool, folder, 512 * MIB, "now", folder.parent / "edge.prom")
    assert (folder / "access.log").read_bytes() == lines
    assert [path.name for path in folder.iterdir()] == ["access.log"]


def test_an_edge_without_logs_is_none_of_its_business(spool: Path, folder: Path) -> None:
    keeper.keep(spool, folder, MIB, "now", folder.parent / "edge.prom")
    assert [*folder.iterdir()] == []


def line(status: int, path: str = "/v1/agents/reception/answer") -> str:
    return f'{{"time":"2026-11-30","path":"{path}","status":{status},"bytes":7,"slot":"-","upstream_status":"502"}}\n'


def test_what_callers_got_is_counted_by_status_across_runs(spool: Path, folder: Path) -> None:
    metrics = folder.parent / "edge.prom"
    for statuses in ([200, 200, 502], [504, 200, 429]):
        (spool / "access.log").write_text("".join(map(line, statuses)), encoding="utf-8")
        keeper.keep(spool, folder, MIB, "now", metrics)
    counted = dict(
        re.findall(r'^warmline_edge_responses_total{status="(\d+)"} (\d+)$', metrics.read_text(), re.MULTILINE)
    )
    assert counted == {"200": "3", "429": "1", "500": "0", "502": "1", "503": "0", "504": "1"}
    assert metrics.stat().st_mode & 0o777 == 0o644


def test_statuses_are_there_from_the_start_and_nothing_is_counted_twice(spool: Path, folder: Path) -> None:
    metrics = folder.parent / "edge.prom"
    keeper.keep(spool, folder, MIB, "now", metrics)
    assert 'status="502"} 0' in metrics.read_text()
    (spool / "access.log").write_text(line(502), encoding="utf-8")
    for _ in range(2):
        keeper.keep(spool, folder, 8, "now", metrics)
    assert 'status="502"} 1' in metrics.read_text()


def test_a_path_that_looks_like_a_status_is_none(spool: Path, folder: Path) -> None:
    (spool / "access.log").write_text(line(200, path='x\\"status\\":500,'), encoding="utf-8")
    keeper.keep(spool, folder, MIB, "now", folder.parent / "edge.prom")
    assert 'status="500"} 0' in (folder.parent / "edge.prom").read_text()


def test_a_log_keeps_within_its_bound_though_nothing_can_be_told_of_it(spool: Path, folder: Path) -> None:
    (spool / "access.log").write_text(line(200) * 100, encoding="utf-8")
    with pytest.raises(FileNotFoundError):
        keeper.keep(spool, folder, 64, "now", folder / "nowhere" / "edge.prom")
    assert list(folder.iterdir()) == []
