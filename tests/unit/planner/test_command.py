import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from warmline_studies import traces
from warmline_studies.__main__ import main

SMALL = ("--shape", "conversations=100", "callers=50", "questions=20", "seconds=3600")


def test_a_fleet_is_planned(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", "--workers", "1", "10", "--shared", "no", "--affinity", "session", *SMALL]) == 0
    said = capsys.readouterr().out
    assert "1 workers, affinity session, L1 alone" in said
    assert "10 workers, affinity session, L1 alone" in said
    assert "INR a month" in said


def test_plans_are_json_if_asked(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", "--workers", "1", "10", "--json", *SMALL]) == 0
    found = [json.loads(one) for one in capsys.readouterr().out.splitlines()]
    assert [one["workers"] for one in found] == [1, 10]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--set", "cache_rag_tl=1"], "there is no such number"),
        (["--sample", "9"], "one in 9 of 3 organisations is none"),
        (["--stands-for", "1000"], "may stand for at most"),
        (["--shape", "conversation=1"], "there is no such name"),
    ],
)
def test_a_wish_that_makes_no_sense_is_refused_in_a_sentence(
    options: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plan", *options]) == 2
    assert says in capsys.readouterr().err


@pytest.mark.parametrize(
    ("command", "option", "word", "says"),
    [
        ("plan", "--workers", "0", "must be between 1 and 1,000,000, not 0"),
        ("plan", "--workers", "-3", "must be between 1"),
        ("plan", "--workers", "10..", " is no whole number"),
        ("plan", "--workers", "100..10", "a range ends no lower"),
        ("plan", "--redis-mib", "0", "must be at least 1, not 0"),
        ("plan", "--redis-mib", "-5", "must be at least 1"),
        ("plan", "--redis-calls", "0", "must be a number above 0, not 0"),
        ("plan", "--sockets-account", "-1", "must be at least 0"),
        ("plan", "--stands-for", "0.5", "must be a number at least 1"),
        ("plan", "--warm-up", "nan", "must be a number at least 0"),
        ("plan", "--sample", "0", "must be at least 1"),
        ("tune", "--workers", "-3", "must be between 1"),
        ("tune", "--rate", "0", "must be a number above 0 and at most 1"),
        ("tune", "--rate", "2", "must be a number above 0 and at most 1"),
        ("tune", "--l1-mib", "0", "must be at least 1"),
        ("tune", "--l1-mib", "much", "much is no whole number"),
    ],
)
def test_an_option_that_makes_no_sense_is_refused_by_its_name(
    command: str, option: str, word: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as refused:
        main([command, f"{option}={word}"])
    assert refused.value.code == 2
    said = capsys.readouterr().err
    assert f"argument {option}" in said
    assert says in said


def test_sizes_of_fleets_may_be_a_range(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", "--workers", "1..200", "7", "--json", *SMALL]) == 0
    assert [json.loads(one)["workers"] for one in capsys.readouterr().out.splitlines()] == [1, 10, 100, 200, 7]


def test_a_broken_trace_is_refused_by_its_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "trace.jsonl"
    file.write_text("nonsense\n")
    for command in ("plan", "tune"):
        assert main([command, "--trace", str(file)]) == 2
        assert "line 1" in capsys.readouterr().err


def test_lines_that_were_left_out_are_counted_once_however_often_the_trace_is_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "trace.jsonl"
    file.write_text(
        '{"at":1,"organisation":"o","agent":"a","caller":"10.0.0.1","kind":"greeting","text":""}\nnonsense\n'
    )
    assert main(["plan", "--trace", str(file), "--skip-broken", "--workers", "1", "2", "3"]) == 0
    assert "lines left out: 1" in capsys.readouterr().err


def test_a_sample_of_a_trace_without_organisations_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "trace.jsonl"
    file.write_text('{"at":1,"organisation":"o","agent":"a","caller":"10.0.0.1","kind":"greeting","text":""}\n')
    assert main(["plan", "--trace", str(file), "--sample", "25"]) == 2
    assert "take a larger sample" in capsys.readouterr().err


def test_a_sample_costs_what_the_whole_costs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of fifty organisations one in four, which happen to have more or less than a quarter of the entries."""
    file = tmp_path / "trace.jsonl"
    shape = traces.Shape(conversations=2000, callers=1000, questions=20, tenants=traces.invent_tenants(50, 1))
    file.write_bytes(b"".join(map(traces.line, traces.generate(shape, 1))))

    def planned(*options: str) -> Any:
        assert main(["plan", "--trace", str(file), "--profile", "high_traffic", "--json", *options]) == 0
        return json.loads(capsys.readouterr().out)

    whole, part = planned(), planned("--sample", "4")
    assert part["weight"] != pytest.approx(4, abs=0.05)
    assert part["cost_uncached"] == pytest.approx(whole["cost_uncached"], rel=0.05)
    assert part["cost"] == pytest.approx(whole["cost"], rel=0.05)
    assert part["organisations"] < 20
    assert any("may be unlike the rest" in note for note in part["notes"])
    assert not any("may be unlike the rest" in note for note in whole["notes"])


def test_less_than_a_day_is_said_to_be(capsys: pytest.CaptureFixture[str]) -> None:
    for seconds, said in ((3600, True), (86_400, False)):
        assert main(["plan", "--shape", "conversations=500", "callers=50", "questions=20", f"seconds={seconds}"]) == 0
        assert ("hours were looked at" in capsys.readouterr().out) == said


def test_a_warm_up_that_leaves_nothing_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", *SMALL, "--warm-up", "3600"]) == 2
    assert "all of the trace comes before second 3600" in capsys.readouterr().err


def test_a_trace_that_can_be_read_but_once_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert main(["plan", "--trace", str(pipe)]) == 2
    assert "pipe is no regular file" in capsys.readouterr().err


def test_a_trace_that_may_outgrow_memory_is_planned_in_part(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "trace.jsonl"
    with file.open("wb") as out:
        out.truncate(500_000_000)
    assert main(["plan", "--trace", str(file)]) == 2
    assert "--sample 5" in capsys.readouterr().err
    assert main(["plan", "--trace", str(file), "--sample", "5"]) == 2
    assert "line 1" in capsys.readouterr().err


def test_other_commands_do_not_pay_for_the_planner() -> None:
    code = (
        "import sys; from warmline import __main__\n"
        "assert not {m for m in sys.modules if m.startswith('warmline_studies')}"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
