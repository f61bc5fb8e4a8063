"""`make logs FOLLOW=1`: every worker's lines behind its slot's name, from every host."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.support.processes import INTERRUPTIBLE, ROOT
from tests.support.time.wait import until

FOLLOW = ROOT / "ansible" / "bin" / "follow"

SSH = """#!/bin/sh
# ssh -F CONFIG HOST COMMAND, on this machine
export HOST_NAME=$3; exec sh -c "$4"
"""
DOCKER = """#!/bin/sh
case $1 in
  ps) echo "warmline-$HOST_NAME-1-blue $HOST_NAME/1"; echo "warmline-$HOST_NAME-2-blue $HOST_NAME/2" ;;
  logs) echo "$*" ;;
esac
"""


@pytest.fixture
def programs(tmp_path: Path) -> dict[str, str]:
    """An environment whose ssh stays here and whose docker has two workers a host."""
    for name, text in (("ssh", SSH), ("docker", DOCKER), ("sudo", '#!/bin/sh\nshift\nexec "$@"\n')):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    (tmp_path / "ssh_config").write_text("")
    return {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}


def follow(programs: dict[str, str], config: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [FOLLOW, config, *words], env=programs, capture_output=True, text=True, check=False, timeout=30
    )


def test_every_worker_of_every_host_is_followed_behind_its_slots_name(programs: dict[str, str], tmp_path: Path) -> None:
    done = follow(programs, tmp_path / "ssh_config", "", "7", "agent-1", "agent-2")
    assert done.returncode == 0, done.stderr
    assert sorted(done.stdout.splitlines()) == [
        f"agent-{host}/{number}  logs --follow --tail 7 warmline-agent-{host}-{number}-blue"
        for host in (1, 2)
        for number in (1, 2)
    ]


def test_one_slot_alone_may_be_followed(programs: dict[str, str], tmp_path: Path) -> None:
    done = follow(programs, tmp_path / "ssh_config", "agent-2/1", "7", "agent-1", "agent-2")
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["agent-2/1"]


@pytest.mark.parametrize(
    ("slot", "lines", "says"), [("", "many", "no whole number"), ("a'; reboot; '", "7", "no slot's name")]
)
def test_what_makes_no_sense_reaches_no_host(
    slot: str, lines: str, says: str, programs: dict[str, str], tmp_path: Path
) -> None:
    done = follow(programs, tmp_path / "ssh_config", slot, lines, "agent-1")
    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr


def test_a_machine_that_has_not_deployed_is_told_what_to_do(programs: dict[str, str], tmp_path: Path) -> None:
    done = follow(programs, tmp_path / "none", "", "7", "agent-1")
    assert done.returncode == 1
    assert "without FOLLOW=1" in done.stderr


def test_ctrl_c_ends_every_reader(programs: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "ssh").write_text(f"#!/bin/sh\necho $$ >>{tmp_path}/readers\nexec sleep 60\n")
    with subprocess.Popen(
        [*INTERRUPTIBLE, FOLLOW, tmp_path / "ssh_config", "", "7", "agent-1", "agent-2"],
        env=programs,
        start_new_session=True,
    ) as process:
        readers = tmp_path / "readers"
        until(lambda: readers.exists() and readers.read_text().count("\n") == 2, seconds=30, what="two readers")
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(timeout=30) == 130
    until(lambda: not any(map(lives, readers.read_text().split())), seconds=30, what="the readers' end")


def lives(process: str) -> bool:
    return Path(f"/proc/{process}/cmdline").exists() and bool(Path(f"/proc/{process}/cmdline").read_bytes())
