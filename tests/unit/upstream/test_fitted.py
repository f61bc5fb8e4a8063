"""What functions written in JavaScript return, as the services read it."""

from typing import Any

import msgspec
import pytest

from warmline.services.agents import AgentConfig, Prompt
from warmline.services.knowledge import Passage
from warmline.upstream.convex.fitted import fit_value

VOICE = {"model": "bulbul:v3", "speaker": "priya", "language": "en-IN"}
CONFIG = {"name": "Asha", "voice": VOICE, "greeting": "Hello.", "promptUpdatedAt": 1700000000123}
PASSAGE = {"_id": "1", "_score": 0.9, "question": "q", "answer": "a"}


def config(**changes: object) -> AgentConfig:
    return fit_value({**CONFIG, **changes}, AgentConfig).value


def voice(**changes: object) -> Any:
    return config(voice={**VOICE, **changes}).voice


@pytest.mark.parametrize("field", ["topK", "minimumScore", "phrases", "promptUpdatedAt", "greeting", "name"])
def test_null_is_as_absent(field: str) -> None:
    without = {name: value for name, value in CONFIG.items() if name != field}
    assert config(**{field: None}) == fit_value(without, AgentConfig).value


@pytest.mark.parametrize(
    "field",
    ["sampleRate", "codec", "pace", "pitch", "loudness", "temperature", "dictionary", "dictionaryVersion"],
)
def test_null_within_the_voice_is_as_absent(field: str) -> None:
    assert voice(**{field: None}) == voice()


@pytest.mark.parametrize("field", ["pace", "pitch", "loudness", "temperature"])
@pytest.mark.parametrize("sent", [1e308, "1e308", -1e308, 101])
def test_what_is_no_setting_of_any_voice_is_named(field: str, sent: object) -> None:
    with pytest.raises(msgspec.ValidationError, match=rf"\$\.voice\.{field}"):
        voice(**{field: sent})


@pytest.mark.parametrize("field", ["model", "speaker", "language"])
@pytest.mark.parametrize("missing", [None, [], {}, True, "x" * 201])
def test_what_a_voice_cannot_do_without_is_named(field: str, missing: object) -> None:
    with pytest.raises(msgspec.ValidationError, match=field):
        voice(**{field: missing})


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        (1700000000123.4567, 1700000000123.4567),
        (1700000000123.0, 1700000000123),
        ("1700000000123", 1700000000123),
        (0, 0),
        (-1.5, -1.5),
        (10**30, 1e30),
    ],
)
def test_a_time_may_have_a_fraction_and_a_whole_one_is_whole(sent: object, read: float) -> None:
    found = config(promptUpdatedAt=sent).prompt_updated_at
    assert (found, type(found)) == (read, type(read))


@pytest.mark.parametrize(("sent", "read"), [(3, 3), (3.0, 3), (2.5, 2), ("3", 3), ("3.0", 3), (256.0, 256)])
def test_a_count_is_a_whole_number_however_it_is_written(sent: object, read: int) -> None:
    found = config(topK=sent).top_k
    assert (found, type(found)) == (read, int)


@pytest.mark.parametrize("sent", ["NaN", "Infinity", "-Infinity", "", "three", True, [], {}, 1e300, 10**30, -1, 0.5])
def test_what_is_no_count_is_named(sent: object) -> None:
    with pytest.raises(msgspec.ValidationError, match="topK"):
        config(topK=sent)


@pytest.mark.parametrize("sent", ["NaN", "Infinity", "nan", "1e999", "1" * 10_000, 10**400, True])
def test_what_is_no_score_is_named(sent: object) -> None:
    with pytest.raises(msgspec.ValidationError, match="minimumScore"):
        config(minimumScore=sent)


@pytest.mark.parametrize(("sent", "read"), [(3, "3"), (3.0, "3"), (2.5, "2.5"), ("v3", "v3"), (10**30, str(10**30))])
def test_a_version_may_be_a_number(sent: object, read: str) -> None:
    assert voice(dictionaryVersion=sent).dictionary_version == read
    assert fit_value([{**PASSAGE, "_id": sent}], list[Passage]).value[0].id == read


@pytest.mark.parametrize(
    ("bad", "field"),
    [
        (None, "$[1]"),
        ("text", "$[1]"),
        ([], "$[1]"),
        ({**PASSAGE, "answer": None}, "answer` - at `$[1]"),
        ({**PASSAGE, "answer": {}}, "$[1].answer"),
        ({**PASSAGE, "_score": None}, "_score` - at `$[1]"),
        ({**PASSAGE, "_score": "NaN"}, "$[1]._score"),
    ],
)
def test_a_passage_that_cannot_be_read_is_left_out_and_named(bad: object, field: str) -> None:
    found = fit_value([PASSAGE, bad, PASSAGE], list[Passage])
    assert len(found.value) == 2
    assert [field in one for one in found.left_out] == [True]


def test_a_phrase_or_an_agent_that_cannot_be_read_is_left_out_and_named() -> None:
    found = fit_value({**CONFIG, "phrases": ["One moment.", None, {}, "Goodbye."]}, AgentConfig)
    assert found.value.phrases == ("One moment.", "Goodbye.")
    assert [one.rpartition("`$")[2] for one in found.left_out] == [".phrases[1]`", ".phrases[2]`"]
    assert fit_value(["reception", None, "care"], list[str]).value == ["reception", "care"]


def test_a_list_of_nothing_but_null_is_empty_and_one_of_nothing_that_can_be_read_is_an_error() -> None:
    assert fit_value([None, None], list[Passage]).value == []
    with pytest.raises(msgspec.ValidationError, match=r"at `\$\[1\]`"):
        fit_value([None, {"text": "of another shape"}], list[Passage])


def test_a_number_longer_than_any_of_a_provider_s_stands_for_no_text() -> None:
    """To write it as one takes the square of its digits, and a list of them held everybody up."""
    sent = {**CONFIG, "phrases": [10**300, 10**4000, "Hello"]}
    found = fit_value(sent, AgentConfig)
    assert found.value.phrases == (str(10**300), "Hello")
    assert "phrases[1]" in found.left_out[0]


def test_a_list_without_an_end_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError, match="phrases"):
        config(phrases=["a"] * 10_001)


def test_a_prompt_needs_only_what_is_said_without_an_answer() -> None:
    assert fit_value({"unknown": "?", "instructions": None, "answer": None}, Prompt).value == Prompt(unknown="?")
    with pytest.raises(msgspec.ValidationError, match="unknown"):
        fit_value({"answer": "{answer}"}, Prompt)


def test_values_of_any_type_are_left_as_they_are() -> None:
    assert fit_value({"a": 1.5, "b": None}, dict[str, Any]).value == {"a": 1.5, "b": None}
