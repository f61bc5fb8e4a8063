"""Files of traces, utterances and evidence, and a Prometheus' answers: values come out of them, or a named refusal."""

import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.support.examples.parsers import json_of, value_or, written
from warmline.errors import SettingsError
from warmline_studies.planner.validate import read_evidence
from warmline_studies.traces import Entry, Kind, line
from warmline_studies.traces.errors import TraceError
from warmline_studies.traces.reader import LONGEST_LINE, Problems, read
from warmline_studies.traces.utterances import Uttered
from warmline_studies.tuner.metrics import read_answer

DEEP = sys.getrecursionlimit() * 3
NESTED = b'{"at":1,"x":' + b"[" * DEEP + b"]" * DEEP + b"}"
ODD = ["", "a\n", "\ud800", "1e999", "NaN", "²", 2**63, -1, 0, 1e308, "x" * 6000]
BROKEN = [b"", b" ", b"{", b'"\xff"', b"\xef\xbb\xbf{}", b"[" * DEEP, NESTED, b"x" * (LONGEST_LINE + 1)]

ENTRY: dict[str, Any] = msgspec.to_builtins(
    Entry(1.0, "sahyadri", "reception", "203.0.113.7", Kind.QUESTION, "What is knee pain?")
)
UTTERANCE = {"text": "what is knee pain", "intent": "pain"}
SHARES = {"l1": 0.5, "l2": 0.2, "joined": 0.1, "stale": 0.1, "origin": 0.1}
ROW = {"letter": "a", "workers": 2, "caches": {"rag": {"hits": 0.5, "shares": SHARES}}}
EVIDENCE = {"trace": {"seconds": 60, "factor": 10, "digest": "0"}, "rows": [ROW]}
SERIES = {"metric": {"cache": "rag", "source": "l1"}, "value": [1700000000.0, "0.5"]}

scalars = (
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=20) | st.sampled_from(ODD)
)
values = json_of(scalars)


def mutated(good: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """A good object, with some of its fields anything, left out or beside others."""
    changes = st.dictionaries(st.sampled_from(sorted(good)) | st.text(max_size=6), values, max_size=3)
    return st.builds(
        lambda changed, left: {name: value for name, value in {**good, **changed}.items() if name not in left},
        changes,
        st.lists(st.sampled_from(sorted(good)), max_size=1),
    )


def lines_of(good: dict[str, Any]) -> st.SearchStrategy[bytes]:
    """Lines of a file: good ones, changed ones, other JSON, and no JSON at all."""
    changed = mutated(good).map(written)
    cut = st.tuples(changed, st.integers(0, 200)).map(lambda both: both[0][: both[1]])
    return (
        st.just(written(good))
        | changed
        | cut
        | values.map(written)
        | st.binary(max_size=40)
        | st.sampled_from(BROKEN)
    )  # fmt: skip


def files_of(good: dict[str, Any]) -> st.SearchStrategy[bytes]:
    return st.lists(lines_of(good), max_size=6).map(b"\n".join)


def answer_of(series: object) -> bytes:
    return written({"status": "success", "data": {"resultType": "vector", "result": [series]}})


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz") / "file"


@given(files_of(ENTRY), st.booleans())
@example(NESTED, False)
@example(NESTED, True)
def test_a_trace_is_its_entries_in_order_or_refused_by_lines(file: Path, content: bytes, skip: bool) -> None:
    file.write_bytes(content)
    problems = Problems()
    entries: list[Entry] = []
    value_or(TraceError, lambda: entries.extend(read(file, skip=skip, problems=problems)))
    assert len(entries) == problems.entries
    assert [entry.at for entry in entries] == sorted(entry.at for entry in entries)
    assert all(msgspec.json.decode(line(entry), type=Entry) == entry for entry in entries)


@given(files_of(UTTERANCE))
@example(NESTED)
def test_utterances_are_a_catalogue_or_refused_with_their_file(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    found = value_or(TraceError, lambda: Uttered(file))
    assert str(file) in str(found) if isinstance(found, TraceError) else len(found)


@given(lines_of(EVIDENCE) | mutated(ROW).map(lambda row: written({**EVIDENCE, "rows": [row]})))
@example(NESTED)
def test_evidence_is_read_or_refused_with_its_file(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    found = value_or(TraceError, lambda: read_evidence(file))
    assert str(file) in str(found) if isinstance(found, TraceError) else found.rows


@given(lines_of({"data": {"result": [SERIES]}}) | mutated(SERIES).map(answer_of) | values.map(answer_of))
@example(answer_of({**SERIES, "value": [1, "NaN"]}))
@example(answer_of({**SERIES, "value": [1, "+Inf"]}))
@example(NESTED)
def test_what_a_prometheus_answers_is_finite_numbers_by_cache_or_no_answer_of_a_prometheus(content: bytes) -> None:
    found = value_or(SettingsError, lambda: read_answer(content))
    if not isinstance(found, SettingsError):
        assert all(abs(value) < float("inf") for value in found.values())
        assert all(isinstance(part, str) for labels in found for part in labels)
