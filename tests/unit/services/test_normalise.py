"""Which spellings are one question, and which questions stay apart."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmline.services.fillers import FILLERS
from warmline.services.normalise import normalised

ENGLISH, HINDI = "en-IN", "hi-IN"
NEVER_FILLERS = {
    "en": "no not never none without nor what which who whom whose when where why how can do does is are if but or and",
    "hi": "नहीं मत न ना बिना क्या क्यों कब कहाँ कहां कैसे कौन कितना किस या और अगर "
    "nahi nahin mat na bina kya kyon kab kahan kaise",
}


def full_width(text: str) -> str:
    return "".join(character if character == " " else chr(ord(character) + 0xFEE0) for character in text)


_ODD = "knee PAIN é ß İ ﬁ 5 ² ½ ! ? . , … ' \u2019 \u00ad \u200b \u0301 \u0345 \u017f क़ा़।" + full_width("Ab?")
texts = st.text(st.sampled_from(_ODD)) | st.text()
spoken = st.lists(
    st.sampled_from("um UH please Hello, thanks , ? ! what is no not knee 5 great क्या नहीं कृपया नमस्ते, प्लीज़".split())
).map(" ".join)
languages = st.sampled_from([ENGLISH, HINDI, "ta-IN", "en", "", "HI-in"])


@pytest.mark.parametrize(
    "spelling",
    [
        "what is knee pain",
        "  WHAT is  knee pain ??",
        "What is knee pain!!!",
        "What is knee pain?!! ...",
        "um, what is knee pain please",
        full_width("What is knee pain?"),
        "Hello, what is knee pain?",
        "Please... what is knee pain!",
        "uh um what is\tknee\npain, thank you very much.",
        "okay, so, what is knee pain…",
        "what is knee\u00ad pain\u200b?",
        "What is knee pain, um, please?",
    ],
)
def test_spellings_of_one_question_are_one_question(spelling: str) -> None:
    assert normalised(spelling, ENGLISH) == "what is knee pain"


@pytest.mark.parametrize(
    "spelling",
    ["घुटने का दर्द क्या है", "नमस्ते, घुटने का दर्द क्या है?", "उम्म घुटने का दर्द क्या है प्लीज़।", "कृपया, घुटने का  दर्द क्या है, धन्यवाद"],
)
def test_spellings_of_one_hindi_question_are_one_question(spelling: str) -> None:
    assert normalised(spelling, HINDI) == "घुटने का दर्द क्या है"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("what is knee pain", "what is hip pain"),
        ("is it safe to walk", "is it not safe to walk"),
        ("no", "no, thanks"),
        ("great", "great, thanks!"),
        ("how do you spell please", "how do you spell"),
        ("how do you say please in Hindi", "how do you say in Hindi"),
        ("what rhymes with please", "what rhymes with"),
        ("please rhymes with what", "rhymes with what"),
        ("please and thank you in Tamil", "and thank you in Tamil"),
        ("hello kitty toys", "kitty toys"),
        ("well water", "water"),
        ("is it safe to drink well, water", "is it safe to drink water"),
        ("where do I go, ER?", "where do I go?"),
        ("what is 5²", "what is 52"),
        ("2½ tablets", "21/2 tablets"),
        ("what is 5!", "what is 5?"),
        ("what is 5!!", "what is 5"),
        ("resume", "résumé"),
        ("C", "C++"),
        ("do I need surgery or physiotherapy", "do I need surgery"),
        ("-5 degrees", "5 degrees"),
    ],
)
def test_questions_that_differ_in_meaning_stay_apart(one: str, other: str) -> None:
    assert normalised(one, ENGLISH) != normalised(other, ENGLISH)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("क्या चलना ठीक है", "क्या चलना ठीक नहीं है"),
        ("चलना ठीक है ना", "चलना ठीक है"),
        ("जी मिचलाता है", "मिचलाता है"),
        ("अच्छा डॉक्टर कौन है", "डॉक्टर कौन है"),
        ("मत चलो", "चलो"),
        ("प्लीज़ का मतलब", "का मतलब"),
    ],
)
def test_hindi_questions_that_differ_in_meaning_stay_apart(one: str, other: str) -> None:
    assert normalised(one, HINDI) != normalised(other, HINDI)


def test_fillers_are_those_of_the_language_that_is_spoken() -> None:
    assert normalised("um, wie spät ist es", "de-DE") == "um, wie spät ist es"
    assert normalised("कृपया बताइए", ENGLISH) == "कृपया बताइए"
    assert normalised("कृपया बताइए", "hi") == "बताइए"


@pytest.mark.parametrize("language", FILLERS)
def test_no_negation_and_no_question_word_is_a_filler(language: str) -> None:
    listed = FILLERS[language]
    fillers = {
        phrase.strip() for text in (listed.anywhere, listed.opening, listed.closing) for phrase in text.split(";")
    }
    assert not fillers & set(NEVER_FILLERS[language].split())


@pytest.mark.parametrize("text", ["um", "please", "?", "!?!", "um please", "thanks.", "\u200b", "🙂", "ok, um?"])
def test_something_is_left_of_whatever_was_said(text: str) -> None:
    assert normalised(text, ENGLISH)


@given(texts | spoken, languages)
def test_what_was_normalised_is_not_changed_again(text: str, language: str) -> None:
    once = normalised(text, language)
    assert normalised(once, language) == once


@given(texts | spoken, languages)
def test_only_white_space_becomes_nothing(text: str, language: str) -> None:
    assert bool(normalised(text, language)) == bool(text.strip())


@given(texts | spoken, languages)
def test_composed_and_decomposed_text_is_the_same_question(text: str, language: str) -> None:
    assert normalised(unicodedata.normalize("NFC", text), language) == normalised(text, language)
    assert normalised(unicodedata.normalize("NFD", text), language) == normalised(text, language)


@given(texts | spoken, languages)
def test_case_makes_no_question(text: str, language: str) -> None:
    assert normalised(unicodedata.normalize("NFD", text).casefold(), language) == normalised(text, language)


@given(spoken, languages)
def test_capitals_make_no_question(text: str, language: str) -> None:
    assert normalised(text.upper(), language) == normalised(text.title(), language) == normalised(text, language)


@given(st.lists(st.text("abकx5'?-", min_size=1), min_size=1), st.sampled_from(["  ", "\t", "\n ", "\u3000"]), languages)
def test_the_width_of_gaps_makes_no_question(words: list[str], gap: str, language: str) -> None:
    assert normalised(gap.join(words) + gap, language) == normalised(" ".join(words), language)


@given(st.lists(st.sampled_from("what is not the knee no doing नहीं क्या मत 5".split()), min_size=1), languages)
def test_no_word_that_means_something_is_lost(words: list[str], language: str) -> None:
    question = " ".join(words)
    assert normalised(f"Please, {question}?", "en-IN") == normalised(question, language) == question
