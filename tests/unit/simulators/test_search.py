"""The simulated vector search finds what a person would expect it to find."""

import json
from importlib.resources import files

import pytest

from warmline_simulators.search import Index, IndexedPassage

DATA = files("warmline_simulators") / "data"
ORGANISATIONS = ["sahyadri", "kaveri", "lakeside"]


def index(organisation: str) -> Index:
    data = json.loads((DATA / f"{organisation}.json").read_text(encoding="utf-8"))
    return Index(IndexedPassage(str(i), pair["question"], pair["answer"]) for i, pair in enumerate(data["knowledge"]))


def test_there_are_at_least_sixty_questions_in_three_organisations() -> None:
    counts = [len(index(name)._passages) for name in ORGANISATIONS]
    assert sum(counts) >= 60
    assert min(counts) >= 20


@pytest.mark.parametrize("organisation", ORGANISATIONS)
def test_every_question_finds_itself_first_with_full_score(organisation: str) -> None:
    searched = index(organisation)
    for passage in searched._passages:
        (found, score), *_ = searched.search(passage.question, 3)
        assert found == passage
        assert score == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("organisation", "asked", "meant"),
    [
        ("sahyadri", "whats knee pain", "What is knee pain?"),
        ("sahyadri", "my knee is swollen", "Why is my knee swollen?"),
        ("sahyadri", "price of consultation", "How much does a consultation cost?"),
        ("sahyadri", "recovering after a knee replacment", "How long does recovery from knee replacement take?"),
        ("kaveri", "sciatca", "What is sciatica?"),
        ("kaveri", "do I need MRI scan", "Do I need an MRI for my back?"),
        ("lakeside", "home visits for patients", "Do you visit patients at home?"),
        ("lakeside", "कमर दर्द", "कमर दर्द में क्या करना चाहिए?"),
    ],
)
def test_questions_in_other_words_and_spellings_find_what_was_meant(organisation: str, asked: str, meant: str) -> None:
    (found, score), *_ = index(organisation).search(asked, 3)
    assert found.question == meant
    assert score >= 0.3


@pytest.mark.parametrize("asked", ["who won the cricket world cup", "tell me a joke", "", "?!", "日本語"])
def test_questions_about_something_else_stay_below_the_agents_bar(asked: str) -> None:
    assert all(score < 0.3 for name in ORGANISATIONS for _, score in index(name).search(asked, 3))


def test_results_are_ordered_and_limited() -> None:
    found = index("kaveri").search("back pain", 5)
    assert len(found) == 5
    assert [score for _, score in found] == sorted((score for _, score in found), reverse=True)
