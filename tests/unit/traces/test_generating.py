import json
from collections import Counter
from pathlib import Path

import pytest

from warmline.services.normalise import normalise
from warmline_studies.traces import (
    Entry,
    Invented,
    Kind,
    Shape,
    TraceError,
    Uttered,
    describe,
    generate,
    line,
    parse_shape,
    read,
)

SMALL = Shape(conversations=2000, callers=400, questions=100)


@pytest.fixture(scope="module")
def trace() -> list[Entry]:
    return list(generate(SMALL, 7))


def test_the_same_seed_makes_the_same_trace_and_another_another(trace: list[Entry]) -> None:
    assert list(generate(SMALL, 7)) == trace
    assert list(generate(SMALL, 8)) != trace


def test_a_generated_trace_can_be_read(trace: list[Entry]) -> None:
    assert list(read(map(line, trace))) == trace


def test_it_has_as_many_conversations_and_questions_as_asked_for(trace: list[Entry]) -> None:
    kinds = Counter(entry.kind for entry in trace)
    assert kinds[Kind.GREETING] == pytest.approx(2000 * 1.15, rel=0.1)
    assert kinds[Kind.QUESTION] == pytest.approx(2000 * 3, rel=0.1)
    assert kinds[Kind.INVALIDATE] == pytest.approx(3 * 5, abs=12)


@pytest.mark.parametrize("seconds", [3_600, 30_000, 200_000])
def test_the_number_of_conversations_does_not_hang_on_the_hour_of_the_day(seconds: float) -> None:
    entries = generate(Shape(conversations=2000, seconds=seconds, turns=1, redials=0, pause=1), 1)
    assert sum(entry.kind is Kind.GREETING for entry in entries) == pytest.approx(2000, rel=0.1)


def test_calls_come_by_day_more_than_by_night(trace: list[Entry]) -> None:
    noon = sum(9 <= entry.at / 3600 < 15 for entry in trace)
    night = sum(entry.at / 3600 < 3 or entry.at / 3600 >= 21 for entry in trace)
    assert noon > 4 * night


def test_callers_share_addresses_and_keep_theirs(trace: list[Entry]) -> None:
    addresses = {entry.caller for entry in trace if entry.caller}
    assert len(addresses) <= SMALL.addresses == 100
    assert all(address.startswith("127.") and address.endswith(".1") for address in addresses)


def test_more_callers_than_one_block_of_addresses_holds_have_addresses_too() -> None:
    shape = Shape(conversations=500, callers=10_000_000, sharing=1)
    entries = list(generate(shape, 1))
    assert len({entry.caller.partition(".")[0] for entry in entries}) > 50
    assert list(read(map(line, entries))) == entries


def test_most_spellings_of_a_question_are_one_question(trace: list[Entry]) -> None:
    texts = {entry.text for entry in trace if entry.kind is Kind.QUESTION}
    assert len({normalise(text, "en") for text in texts}) < 0.6 * len(texts)


def test_the_popular_are_asked_far_more_often(trace: list[Entry]) -> None:
    assert describe(trace).top([0.1])[0.1] > 0.5


def test_every_answer_is_one_that_the_knowledge_holds(trace: list[Entry]) -> None:
    known = {asked.answer for asked in Invented(SMALL.questions).everything()}
    assert {entry.answer for entry in trace if entry.kind is Kind.QUESTION} <= known


def test_the_ranking_moves_from_hour_to_hour() -> None:
    def favourite(drift: float) -> list[str]:
        shape = Shape(conversations=4000, swing=0, drift=drift, spelling=0, wording=0, follow_ups=0, questions=300)
        asked = [Counter[str]() for _ in range(4)]
        for entry in generate(shape, 3):
            if entry.organisation == "kaveri" and entry.kind is Kind.QUESTION:
                asked[int(entry.at // 21_600)][entry.text] += 1
        return [counts.most_common(1)[0][0] for counts in asked]

    assert len(set(favourite(0))) == 1
    assert len(set(favourite(1))) > 1


def test_utterances_of_one_intent_have_one_answer(tmp_path: Path) -> None:
    file = tmp_path / "utterances.jsonl"
    file.write_text("".join(json.dumps({"text": f"{i} {n}", "intent": f"i{i}"}) + "\n" for i in "ab" for n in range(9)))
    entries = list(generate(Shape(conversations=300, spelling=0, wording=0), 1, Uttered(file)))
    asked = {(entry.text, entry.answer) for entry in entries if entry.kind is Kind.QUESTION}
    assert len(asked) > 10
    assert len({answer for _, answer in asked}) == 2
    assert all(text[0] in answer for text, answer in asked)


@pytest.mark.parametrize(
    ("content", "says"),
    [("{}\n", "line 1"), ("", "no utterances"), ("\xff", "line 1"), ('{"more":' + "[" * 99_999, "line 1")],
)
def test_a_file_that_holds_no_utterances_is_refused(tmp_path: Path, content: str, says: str) -> None:
    file = tmp_path / "utterances.jsonl"
    file.write_text(content, encoding="latin-1")
    with pytest.raises(TraceError, match=says):
        Uttered(file)


def test_a_shape_is_made_from_words() -> None:
    shape = parse_shape(["organisations=2", "agents=3", "conversations=10", "zipf=0.8"])
    assert shape.tenants == {f"org-{number}": ("agent-0", "agent-1", "agent-2") for number in range(2)}
    assert (shape.conversations, shape.zipf) == (10, 0.8)


@pytest.mark.parametrize(
    ("word", "says"),
    [
        ("conversation=1", "there is no such name"),
        ("conversations=many", "must be a whole number"),
        ("zipf", "must be a number"),
        ("drift=2", "drift must lie between 0 and 1"),
        ("seconds=inf", "seconds must be a number above 0"),
        ("callers=0", "callers must be at least 1"),
        ("organisations=0", "tenants must name an organisation"),
        ("callers=999999999", "there are no more networks"),
        ("questions=100000000", "questions must be at most 1,000,000"),
        ("organisations=100000000", "organisations times agents must be at most 1,000,000"),
        ("turns=1e9", "turns must be at most 1,000"),
    ],
)
def test_a_shape_that_makes_no_sense_is_refused(word: str, says: str) -> None:
    with pytest.raises(TraceError, match=says):
        parse_shape([word])
