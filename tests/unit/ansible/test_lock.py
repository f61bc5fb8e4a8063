"""The fleet's lock: one has it, with a name from its first moment on; nobody is told to break what is seconds old."""

import json
import os
import re
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.support.processes import ROOT

FILES = ROOT / "ansible" / "roles" / "lock" / "files"


def take(folder: Path, run: str) -> tuple[int, list[str]]:
    """A run that takes the lock, as the role has it: its exit code, and what it says."""
    command = ["sh", str(FILES / "take"), str(folder), run]
    done = subprocess.run(command, input=f"by {run} since noon\n", capture_output=True, text=True, check=False)
    return done.returncode, done.stdout.splitlines()


def release(folder: Path, run: str) -> str:
    done = subprocess.run(["sh", str(FILES / "release"), str(folder), run], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_of_many_who_want_it_one_gets_it_and_all_others_are_told_his_name(tmp_path: Path) -> None:
    runs = [f"run-{number}" for number in range(20)]
    with ThreadPoolExecutor(len(runs)) as pool:
        answers = dict(zip(runs, pool.map(lambda run: take(tmp_path, run), runs), strict=True))
    (winner,) = (run for run, (code, _) in answers.items() if code == 0)
    assert {code for run, (code, _) in answers.items() if run != winner} == {1}
    assert {lines[-1] for run, (_, lines) in answers.items() if run != winner} == {f"by {winner} since noon"}
    assert (tmp_path / "lock" / "run").read_text() == f"{winner}\n"
    assert [path.name for path in tmp_path.iterdir()] == ["lock"]


def test_it_is_given_back_by_whoever_has_it_and_by_nobody_else(tmp_path: Path) -> None:
    assert take(tmp_path, "asha") == (0, [])
    assert release(tmp_path, "ravi") == ""
    assert take(tmp_path, "ravi")[0] == 1
    assert release(tmp_path, "asha") == "by asha since noon"
    assert release(tmp_path, "") == ""
    assert take(tmp_path, "ravi") == (0, [])
    assert release(tmp_path, "") == "by ravi since noon"
    assert [*tmp_path.iterdir()] == []


def test_a_host_that_cannot_make_it_is_not_taken_for_a_lock_of_somebody_else(tmp_path: Path) -> None:
    assert take(tmp_path / "missing", "asha") == (2, [])


def test_what_a_run_of_the_same_name_left_when_it_was_killed_is_in_nobodys_way(tmp_path: Path) -> None:
    (tmp_path / "lock.of-by hand").mkdir()
    assert take(tmp_path, "by hand") == (0, [])


def test_one_that_an_earlier_version_left_without_a_name_is_dated_by_its_folder(tmp_path: Path) -> None:
    (tmp_path / "lock").mkdir()
    hours_ago = time.time() - 7200
    os.utime(tmp_path / "lock", (hours_ago, hours_ago))
    code, (seconds, holder) = take(tmp_path, "asha")
    assert code == 1
    assert 7100 < int(seconds) < 7400
    assert holder.startswith("by nobody who left a name, since 2")


def test_whoever_meets_one_that_is_seconds_old_is_told_to_wait_and_of_an_old_one_how_to_break_it(
    tmp_path: Path,
) -> None:
    for age, host in enumerate(("young", "old")):
        (tmp_path / host).mkdir()
        assert take(tmp_path / host, "asha") == (0, [])
        os.utime(tmp_path / host / "lock", (time.time() - 600 * age,) * 2)
    young, old = refused(tmp_path, "young", "old")
    assert "staging is locked by asha since noon. That was" in young
    assert "make break-lock" not in young
    assert "staging is locked by asha since noon. If that run is over" in old
    assert "make break-lock ENV=staging YES=1" in old


def refused(folder: Path, *hosts: str) -> list[str]:
    """What the role says on each of these hosts, whose locks are in folders of their names."""
    play = {"hosts": "all", "connection": "local", "gather_facts": False, "roles": ["lock"]}
    (folder / "play.yml").write_text(json.dumps([play]))
    variables = dict.fromkeys(("lock_run", "lock_holder", "lock_version"), "another")
    variables |= {"lock_environment": "staging", "lock_folder": f"{folder}/{{{{ inventory_hostname }}}}"}
    (folder / "variables.json").write_text(json.dumps(variables))
    environment = {**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible" / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"}
    command = ["ansible-playbook", "--inventory", ",".join(hosts), "--extra-vars", f"@{folder}/variables.json"]
    done = subprocess.run(
        [*command, str(folder / "play.yml")], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2, done.stdout
    said = " ".join(done.stdout.split())
    return [re.findall(rf"fatal: \[{host}\].*? msg: '(.*?)'", said)[0] for host in hosts]
