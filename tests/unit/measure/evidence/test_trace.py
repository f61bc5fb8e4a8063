"""What is played: which trace, how fast, and from whom."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.measure.evidence import organisations
from tests.measure.evidence.kept import Kept
from tests.measure.evidence.record import Run
from tests.measure.evidence.replay import sources_of
from tests.measure.evidence.scale import lifetimes, load_seconds, settings
from tests.measure.evidence.steps import PHASES, phase_at, said, steps
from tests.measure.evidence.trace import MOST_FACTOR, Size, chosen
from warmline_studies.traces import Entry, Kind, TraceError

SIZE = Size(seconds=10, rate=20, workers=2)


def entry(at: float, kind: Kind, text: str = "", **more: str) -> Entry:
    return Entry(at, more.get("organisation", "org"), "a", more.get("caller", "127.0.1.1"), kind, text)


def written(path: Path, *lines: Mapping[str, object]) -> Path:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def test_the_invented_trace_is_the_same_every_time_and_fits_its_seconds() -> None:
    one, other = chosen(None, SIZE), chosen(None, SIZE)
    assert one.digest == other.digest
    assert 0 <= one.steps[0].at <= one.steps[-1].at <= one.seconds == pytest.approx(10)
    assert one.factor == pytest.approx(20, rel=0.2)


def test_a_longer_trace_is_cut_where_it_would_be_played_too_fast(tmp_path: Path) -> None:
    line = {"organisation": "org", "agent": "a", "caller": "127.0.1.1", "kind": "greeting", "text": ""}
    trace = chosen(written(tmp_path / "day", *({**line, "at": float(60 * n)} for n in range(1440))), SIZE)
    assert trace.factor <= MOST_FACTOR
    assert len(trace.steps) == 7


def test_a_file_of_utterances_is_made_a_trace(tmp_path: Path) -> None:
    path = written(tmp_path / "said", *({"text": f"how is it {n}", "intent": f"i{n % 3}"} for n in range(9)))
    trace = chosen(path, SIZE)
    asked = [step.entry for step in trace.steps if step.entry.kind is Kind.QUESTION]
    assert asked
    assert all("how is it" in one.text.casefold() for one in asked if one.text.split() == one.text.split(" "))
    assert "utterances of said" in trace.about[0]


def test_a_broken_trace_is_refused_with_its_lines(tmp_path: Path) -> None:
    with pytest.raises(TraceError, match="line 1"):
        chosen(written(tmp_path / "broken", {"at": 1}), SIZE)


@pytest.mark.parametrize("content", [b"\xff\xfe\n", b'{"intent":' + b"[" * 99_999 + b"\n"])
def test_a_file_that_is_neither_trace_nor_utterances_is_refused_with_its_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "broken").write_bytes(content)
    with pytest.raises(TraceError, match="line 1"):
        chosen(tmp_path / "broken", SIZE)


def test_each_call_of_one_address_has_a_session_of_its_own() -> None:
    kinds = (Kind.GREETING, Kind.QUESTION, Kind.GREETING, Kind.QUESTION)
    played = list(steps([entry(float(n), kind, "q") for n, kind in enumerate(kinds)], 2))
    first, second, third, fourth = (step.session for step in played)
    assert first == second != third == fourth
    assert [step.at for step in played] == [0, 0.5, 1.0, 1.5]


def test_questions_without_an_answer_have_one_each_however_they_are_spelt() -> None:
    one, same, other = (said(entry(0, Kind.QUESTION, text)) for text in ("Is it?", "IS it", "Was it?"))
    assert one == same != other


def test_lifetimes_and_settings_are_shorter_by_the_same_factor() -> None:
    assert lifetimes("low_traffic", 20)["config"].fresh == 3
    assert float(settings("low_traffic", 20)["cache_config_ttl"]) == 3
    assert float(settings("low_traffic", 20)["cache_rag_stale_while_revalidate"]) == 3


def test_speech_takes_longer_the_more_is_said() -> None:
    assert load_seconds("tts", "Hi") < load_seconds("tts", "Hello, and a good morning to you, too.")


def test_each_phase_is_a_quarter() -> None:
    assert [phase_at(at, 40) for at in (0, 10, 20, 39.9)] == list(PHASES)
    assert phase_at(41, 40) == PHASES[-1]


def test_who_answered_is_read_from_cache_status() -> None:
    status = "warmline-config; hit; detail=l1, warmline-tts; fwd=miss; collapsed; detail=joined"
    assert sources_of(status) == {"config": "l1", "tts": "joined"}


def test_every_organisation_of_a_trace_gets_its_agents_and_what_is_asked_most(tmp_path: Path) -> None:
    asked = [entry(0, Kind.QUESTION, f"q{n % 50}") for n in range(99)]
    folder = organisations.written([*asked, entry(0, Kind.GREETING, organisation="other")], tmp_path / "data")
    assert sorted(path.name for path in folder.iterdir()) == ["org.json", "other.json"]
    data = json.loads((folder / "org.json").read_text(encoding="utf-8"))
    assert list(data["agents"]) == ["a"]
    assert len(data["knowledge"]) == organisations.KNOWN


def test_a_run_is_found_again_under_its_name_alone_and_half_of_one_is_none(tmp_path: Path) -> None:
    run = Run([], [], [], [], {"x": 1}, 0, "")
    Kept(tmp_path, "a" * 64).keep("e", run)
    assert Kept(tmp_path, "a" * 64).find("e") == run
    assert Kept(tmp_path, "a" * 64).find("f") is None
    assert Kept(tmp_path, "b" * 64).find("e") is None
    (tmp_path / ("a" * 16) / "e").write_bytes(b"\x92")
    assert Kept(tmp_path, "a" * 64).find("e") is None
