import json
import re
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from tests.support.processes import ROOT
from warmline.settings import PROFILES
from warmline_studies.__main__ import main
from warmline_studies.planner import validate
from warmline_studies.traces import Entry, Shape, generate, line
from warmline_studies.traces.errors import TraceError

SHAPE = ("conversations=300", "callers=100", "questions=40", "seconds=1800", "updates=0", "changes=0")


@pytest.fixture(scope="module")
def trace() -> list[Entry]:
    return list(generate(Shape(conversations=300, callers=100, questions=40, seconds=1800, updates=0, changes=0), 1))


def evidence(trace: Sequence[Entry], **measured: Any) -> dict[str, Any]:
    caches = {"rag": {"hits": 0.5, "shares": dict.fromkeys(("l1", "l2", "joined", "stale", "origin"), 0.2)} | measured}
    return {
        "trace": {
            "seconds": 90.0,
            "factor": 20.0,
            "digest": sha256(b"".join(map(line, trace))).hexdigest(),
            "about": ["more than is read"],
        },
        "rows": [{"letter": "e", "workers": 10, "title": "round robin + Redis", "caches": caches}],
    }


def test_errors_are_predicted_less_measured(trace: list[Entry], tmp_path: Path) -> None:
    file = tmp_path / "evidence.json"
    file.write_text(json.dumps(evidence(trace)))
    (error,) = validate.errors(validate.read_evidence(file), trace, PROFILES["low_traffic"])
    assert error.points == pytest.approx(100 * (error.predicted - 0.5))
    file.write_text(json.dumps(evidence(trace, hits=error.predicted)))
    (error,) = validate.errors(validate.read_evidence(file), trace, PROFILES["low_traffic"])
    assert error.points == 0
    assert sum(error.layers.values()) == pytest.approx(0)
    assert list(validate.lines([error]))[-1].startswith("within 2 points: 1 of 1; the worst is rag in row e")


def test_another_trace_than_the_measured_one_is_refused(trace: list[Entry], tmp_path: Path) -> None:
    file = tmp_path / "evidence.json"
    file.write_text(json.dumps(evidence(trace[1:])))
    with pytest.raises(TraceError, match="not the trace that was measured"):
        validate.recognise(validate.read_evidence(file), trace)


def test_what_is_no_evidence_is_refused_by_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "evidence.json"
    file.write_text("{}")
    assert main(["plan", "--validate", str(file)]) == 2
    assert "evidence.json: Object missing required field" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("right", "wrong", "says"),
    [
        ('"factor": 20.0', '"factor": 0', "$.trace.factor"),
        ('"seconds": 90.0', '"seconds": -1', "$.trace.seconds"),
        ('"workers": 10', '"workers": 0', "$.rows[0].workers"),
        ('"rag"', '"rug"', "'rug'"),
        ('"joined"', '"jointed"', "missing required field `joined`"),
        ('"hits": 0.5', '"hits": 50', "$.rows[0].caches[...].hits"),
        ('"rows": [{', '"rows": [], "more": [{', "$.rows"),
        ('"caches": {', '"caches": {}, "more": {', "$.rows[0].caches"),
        ('"title": "', '"deep": ' + "[" * 99_999 + ', "title": "', "evidence.json"),
    ],
)
def test_evidence_that_could_not_have_been_measured_is_refused_by_its_place(
    right: str, wrong: str, says: str, trace: list[Entry], tmp_path: Path
) -> None:
    file = tmp_path / "evidence.json"
    whole = json.dumps(evidence(trace))
    assert right in whole
    file.write_text(whole.replace(right, wrong))
    with pytest.raises(TraceError, match=re.escape(says)):
        validate.read_evidence(file)


def test_a_row_that_is_not_known_is_refused(trace: list[Entry], tmp_path: Path) -> None:
    file = tmp_path / "evidence.json"
    file.write_text(json.dumps(evidence(trace)).replace('"letter": "e"', '"letter": "z"'))
    with pytest.raises(TraceError, match="'z'"):
        validate.read_evidence(file)


def test_the_command_compares_with_the_trace_that_is_named(
    trace: list[Entry], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "evidence.json"
    file.write_text(json.dumps(evidence(trace)))
    (error,) = validate.errors(validate.read_evidence(file), trace, PROFILES["low_traffic"])
    for missed, status in ((0.0, 0), (0.019, 0), (-0.019, 0), (0.021, 1), (-0.021, 1)):
        file.write_text(json.dumps(evidence(trace, hits=error.predicted + missed)))
        assert main(["plan", "--validate", str(file), "--shape", *SHAPE]) == status, missed
        assert "e, 10 workers" in capsys.readouterr().out


def test_the_published_evidence_is_foretold(capsys: pytest.CaptureFixture[str]) -> None:
    shape = "organisations=4 agents=2 conversations=1259 seconds=1800 day=14400 callers=600 questions=40 zipf=1.1"
    more = "follow_ups=0.2 swing=0 updates=0 changes=0"
    published = ROOT / "docs" / "results" / "evidence.json"
    asked = ["plan", "--shape", *shape.split(), *more.split(), "--seed", "7", "--validate", str(published)]
    assert main(asked) == 0
    assert "within 2 points: 24 of 24" in capsys.readouterr().out
