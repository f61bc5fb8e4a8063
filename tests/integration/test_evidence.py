"""The evidence, measured small: three workers, a few seconds, two fleets; and again, from what was kept."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.processes import ROOT, python_path


def measured(state: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        "-m",
        "tests.measure.evidence",
        "--quick",
        "--rows",
        "be",
        "--state",
        str(state),
        *options,
    ]
    environment = {**os.environ, **python_path()}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("evidence")
    done = measured(folder)
    assert done.returncode == 0, done.stderr
    return folder


def rows(state: Path) -> dict[str, dict[str, object]]:
    found = json.loads((state / "evidence.json").read_text(encoding="utf-8"))["rows"]
    return {row["letter"]: row for row in found}


def test_no_request_fails_while_workers_are_replaced_and_every_worker_gets_some(state: Path) -> None:
    for row in rows(state).values():
        assert row["failed"] == 0
        assert row["workers"] == len(row["spread"]) == 3  # type: ignore[arg-type]


def test_workers_that_share_nothing_ask_the_providers_more_than_those_that_share(state: Path) -> None:
    alone, shared = (rows(state)[letter]["caches"] for letter in "be")
    for cache in ("tts", "rag", "config", "prompt"):
        apart, together = alone[cache], shared[cache]  # type: ignore[index]
        assert apart["shares"]["l2"] == 0 < together["shares"]["l2"]
        assert together["calls"] < apart["calls"]


def test_nothing_is_measured_twice_unless_it_is_to_be(state: Path) -> None:
    again = measured(state)
    assert again.returncode == 0
    assert "starts" not in again.stderr
    assert "e  round robin + Redis, 3" in again.stdout


def test_a_trace_that_cannot_be_used_says_what_is_wrong_with_it(state: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.jsonl"
    broken.write_text('{"at": 0, "organisation": "org"}\n', encoding="utf-8")
    done = measured(state, "--trace", str(broken))
    assert done.returncode == 2
    assert "line 1: " in done.stderr
