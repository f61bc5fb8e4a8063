"""Which spellings are one question, and which questions stay apart."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from warmline.services.fillers import FILLERS
from warmline.services.normalise import normalise

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
        "OK, what is knee pain?",
        "um hello, please, uh what is knee pain",
        "WHAT IS KNEE PAIN, UM, PLEASE?",
        "UM, WHAT IS KNEE PAIN?",
        "Hello! What is knee pain? ",
        "What is knee pain. Thanks!",
        "What is knee pain ?",
    ],
)
def test_spellings_of_one_question_are_one_question(spelling: str) -> None:
    assert normalise(spelling, ENGLISH) == "what is knee pain"


@pytest.mark.parametrize(
    ("spelling", "question"),
    [
        ("Hello, is the clinic open?", "is the clinic open"),
        ("um can you help me", "can you help me"),
        ("Please tell me the opening hours.", "tell me the opening hours"),
        ("please book a room, um, thanks", "book a room"),
        ("uh please check my visit", "check my visit"),
        ("um, knee pain", "knee pain"),
        ("please, knee pain", "knee pain"),
    ],
)
def test_requests_without_what_is_said_around_them_are_themselves(spelling: str, question: str) -> None:
    assert normalise(spelling, ENGLISH) == normalise(question, ENGLISH) == question


@pytest.mark.parametrize(
    "spelling",
    ["घुटने का दर्द क्या है", "नमस्ते, घुटने का दर्द क्या है?", "उम्म घुटने का दर्द क्या है प्लीज़।", "कृपया, घुटने का  दर्द क्या है, धन्यवाद"],
)
def test_spellings_of_one_hindi_question_are_one_question(spelling: str) -> None:
    assert normalise(spelling, HINDI) == "घुटने का दर्द क्या है"


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
        ("Can I park at UH?", "Can I park at UM?"),
        ("can i park at uh", "can i park at um"),
        ("Can I park at, UH?", "Can I park at, UM?"),
        ("CAN I PARK AT UH", "CAN I PARK AT UM"),
        ("Do you offer ERM?", "Do you offer HMM?"),
        ("do you offer, erm", "do you offer, hmm"),
        ("My son attends UM", "My son attends UH"),
        ("who founded um", "who founded uh"),
        ("Where do I go, UH?", "Where do I go?"),
        ("Directions from UM please", "Directions from UH please"),
        ("Directions from UM, please.", "Directions from UH, please."),
        ("directions from, um, please", "directions from, uh, please"),
        ("UH admission fees", "UM admission fees"),
        ("uh admission fees", "um admission fees"),
        ("uh is in which city", "um is in which city"),
        ("uh is the best in which city", "um is the best in which city"),
        ("uh schedule", "um schedule"),
        ("uh transfer credits", "um transfer credits"),
        ("UH, Manoa", "UM, Manoa"),
        ("UH how do I apply", "UM how do I apply"),
        ("Please Don't Tell opening hours", "Don't tell opening hours"),
        ("please don't tell opening hours", "don't tell opening hours"),
        ("Please Don't Tell", "Don't Tell"),
        ("Please Tell Me Why lyrics", "Tell me why lyrics"),
        ("please please me release date", "please me release date"),
        ("Who wrote Yes Please", "Who wrote yes"),
        ("Thank You, Next lyrics", "Next lyrics"),
        ("Thank You, Next", "Next"),
        ("thank you, next lyrics", "next lyrics"),
        ("Hello, Dolly tickets", "Dolly tickets"),
        ("oh, pretty woman chords", "pretty woman chords"),
        ("Sorry, I Love You cast", "I love you cast"),
        ("Hi, How Are You album", "How are you album"),
        ("how do you say, thank you", "how do you say, many thanks"),
        ("please, and thank you in Tamil", "and thank you in Tamil"),
        ("uh, rhymes with what", "um, rhymes with what"),
        ("fees of uc, ud, um", "fees of uc, ud, uh"),
        ("which is better, uh, um", "which is better, uh, erm"),
        ("define please", "define"),
        ("what is the meaning of ;", "what is the meaning of :"),
        ("what is the sign ,", "what is the sign"),
        ("what is n!", "what is n"),
        ("what is n!!", "what is n!"),
        ("what is 5!!", "what is 5!"),
        ("what is ::", "what is :"),
        ("what is (n+1)!", "what is (n+1)"),
        ("№5 bus", "no5 bus"),
        ("37º", "37o"),
        ("37ª", "37a"),
        ("take 1② tablets", "take 12 tablets"),
        ("2½", "21/2"),
        ("2½", "21\u20442"),
        ("H₂O", "H2O5"),
        ("x₂", "x2"),
        ("brand™", "brandtm"),
        ("is it ℃", "is it c"),
        ("㎏", "kg"),
        ("Ⅳ", "iv"),
        ("⒈", "1"),
        ("\u211d", "r"),
    ],
)
def test_questions_that_differ_in_meaning_stay_apart(one: str, other: str) -> None:
    assert normalise(one, ENGLISH) != normalise(other, ENGLISH)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("क्या चलना ठीक है", "क्या चलना ठीक नहीं है"),
        ("चलना ठीक है ना", "चलना ठीक है"),
        ("जी मिचलाता है", "मिचलाता है"),
        ("अच्छा डॉक्टर कौन है", "डॉक्टर कौन है"),
        ("मत चलो", "चलो"),
        ("प्लीज़ का मतलब", "का मतलब"),
        ("प्लीज़, का मतलब", "का मतलब"),
        ("उम्म, का मतलब", "हम्म, का मतलब"),
        ("UM कहाँ है", "UH कहाँ है"),
        ("um कहाँ है", "uh कहाँ है"),
        ("um kya hai", "uh kya hai"),
        ("um में दाखिला", "uh में दाखिला"),
        ("UH admission fees kya hai", "UM admission fees kya hai"),
        ("uh fees kitni hai", "um fees kitni hai"),
        ("पता यहाँ से UM", "पता यहाँ से UH"),
        ("please don't tell का समय", "don't tell का समय"),
        ("हिंदी में कैसे कहते हैं, धन्यवाद का अर्थ", "हिंदी में कैसे कहते हैं, शुक्रिया का अर्थ"),
        ("५ का मतलब", "5 का मतलब"),
    ],
)
def test_hindi_questions_that_differ_in_meaning_stay_apart(one: str, other: str) -> None:
    assert normalise(one, HINDI) != normalise(other, HINDI)


def test_fillers_are_those_of_the_language_that_is_spoken() -> None:
    assert normalise("um, wie spät ist es", "de-DE") == "um, wie spät ist es"
    assert normalise("कृपया बताइए", ENGLISH) == "कृपया बताइए"
    assert normalise("कृपया बताइए", "hi") == "बताइए"


@pytest.mark.parametrize("language", FILLERS)
def test_no_negation_and_no_question_word_is_a_filler(language: str) -> None:
    listed = FILLERS[language]
    lists = (listed.anywhere, listed.polite, listed.hesitations, listed.opening, listed.closing)
    fillers = {phrase.strip() for text in lists for phrase in text.split(";")}
    assert not fillers & set(NEVER_FILLERS[language].split())


@pytest.mark.parametrize("text", ["um", "please", "?", "!?!", "um please", "thanks.", "\u200b", "🙂", "ok, um?"])
def test_something_is_left_of_whatever_was_said(text: str) -> None:
    assert normalise(text, ENGLISH)


@given(texts | spoken, languages)
@example("\u0345\u200b\u0301", ENGLISH)
@example("\u0301\u200b\u0345", ENGLISH)
@example("Um, can I go, UH", ENGLISH)
@example("uhh, की", HINDI)
@example("कृपया. ya", HINDI)
@example("Uh.  rhymes what", ENGLISH)
def test_what_was_normalised_is_not_changed_again(text: str, language: str) -> None:
    once = normalise(text, language)
    assert normalise(once, language) == once


@given(texts | spoken, languages)
def test_only_white_space_becomes_nothing(text: str, language: str) -> None:
    assert bool(normalise(text, language)) == bool(text.strip())


@given(texts | spoken, languages)
def test_composed_and_decomposed_text_is_the_same_question(text: str, language: str) -> None:
    assert normalise(unicodedata.normalize("NFC", text), language) == normalise(text, language)
    assert normalise(unicodedata.normalize("NFD", text), language) == normalise(text, language)


@given(texts | spoken.map(str.casefold), languages)
@example("\u0345\u200b\u0301", ENGLISH)
def test_case_makes_no_question(text: str, language: str) -> None:
    assert normalise(unicodedata.normalize("NFD", text).casefold(), language) == normalise(text, language)


@given(spoken, languages)
def test_a_text_all_in_capitals_is_the_question_in_small_letters(text: str, language: str) -> None:
    latin = "".join(character for character in text if character < "\u0900")
    assert normalise(latin.upper(), language) == normalise(latin.lower(), language)


def test_a_name_at_an_end_keeps_its_capitals_however_often_it_is_normalised() -> None:
    once = normalise("Where do I go, UH?", ENGLISH)
    assert once == normalise(once, ENGLISH) == "Where do I go, UH"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (full_width("Knee ABC 12?"), "knee abc 12"),
        ("oﬃce ﬁle", "office file"),
        ("ﾊﾟﾝ", "パン"),
        ("ﻛﺘﺎب", "كتاب"),
        ("STRASSE", "straße"),
        ("ὈΔΟΣ", "ὀδος"),
        ("knee\u00a0pain", "knee pain"),
        ("what\u2019s knee pain… really", "WHAT'S KNEE PAIN... REALLY"),
        ("क़लम", "क\u093cलम"),
        ("கொடு", "க\u0bc6\u0bbeடு"),
        ("কো", "ক\u09c7\u09be"),
    ],
)
def test_how_letters_are_set_or_composed_makes_no_question(one: str, other: str) -> None:
    assert normalise(one, ENGLISH) == normalise(other, ENGLISH)


@given(st.lists(st.text("abकx5'?-", min_size=1), min_size=1), st.sampled_from(["  ", "\t", "\n ", "\u3000"]), languages)
def test_the_width_of_gaps_makes_no_question(words: list[str], gap: str, language: str) -> None:
    assert normalise(gap.join(words) + gap, language) == normalise(" ".join(words), language)


@given(st.lists(st.sampled_from("what is not the knee no doing नहीं क्या मत 5".split()), min_size=1), languages)
def test_no_word_that_means_something_is_lost(words: list[str], language: str) -> None:
    question = " ".join(words)
    assert normalise(f"Please, {question}?", "en-IN") == normalise(question, language) == question
