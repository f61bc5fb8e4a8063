"""Where a long text is cut, and what of it is spoken at all."""

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmline.upstream.pieces import pieces, speakable

FAMILY = "\U0001f469\u200d\U0001f469\u200d\U0001f467"


@pytest.mark.parametrize("text", ["a", "7", "८", "क", "ਕ", "你", "½", "Ⅳ", "👍 ok", "...9", "é"])
def test_a_letter_or_a_number_of_any_script_is_spoken(text: str) -> None:
    assert speakable(text)


@pytest.mark.parametrize(
    "text", ["", " ", "…", "...", "—", "*", "()", "👍", "\u200b", "\u0301", "\u093f", "।", "₹", "\u2060"]
)
def test_marks_punctuation_symbols_and_blanks_alone_are_not(text: str) -> None:
    assert not speakable(text)


@pytest.mark.parametrize(
    ("text", "longest", "expected"),
    [
        ("One. Two. Three.", 10, ["One. Two. ", "Three."]),
        ("It costs 3.50 now. Yes.", 20, ["It costs 3.50 now. ", "Yes."]),
        ("वह आया। वह गया।", 9, ["वह आया। ", "वह गया।"]),
        ("वह आया॥वह गया॥", 9, ["वह आया॥", "वह गया॥"]),
        ("কি? হ্যাঁ!", 7, ["কি? ", "হ্যাঁ!"]),
        ("آپ کون ہیں؟ میں", 13, ["آپ کون ہیں؟ ", "میں"]),
        ('He said "go." She went.', 15, ['He said "go." ', "She went."]),
        ("one two three", 8, ["one two ", "three"]),
        ("onetwothree", 6, ["onetwo", "three"]),
        ("One. — Two.", 6, ["One. ", "— Two."]),
        ("a... ...........", 5, ["a... "]),
    ],
)
def test_it_is_cut_at_sentences_or_else_at_blanks(text: str, longest: int, expected: list[str]) -> None:
    assert pieces(text, longest) == expected


@pytest.mark.parametrize(
    "cluster",
    [
        "e\u0301",
        "कि",
        "क्ष",
        "क\u094d\u200dष",
        FAMILY + "x",
        "\U0001f44d\U0001f3fdx",
        "\U0001f1ee\U0001f1f3x",
        "\u1100\u1161\u11a8",
    ],
    ids=ascii,
)
def test_no_letter_is_parted_from_its_marks(cluster: str) -> None:
    size = len(cluster)
    assert pieces("x" * (size - 1) + cluster, size) == ["x" * (size - 1), cluster]


def test_a_cluster_that_no_call_could_hold_is_cut_all_the_same() -> None:
    assert pieces("a" + "\u0301" * 9 + "b", 5)[0] == "a" + "\u0301" * 4


@pytest.mark.parametrize("run", ["." * 2499, "!?" * 1250, "." * 1250 + '"' * 1250], ids=lambda run: run[:2] + run[-1])
def test_a_long_run_of_punctuation_holds_up_nobody(run: str) -> None:
    """Whoever else speaks through this worker waits for it; backtracking costs a hundred times as much."""
    started = time.process_time()
    for _ in range(10):
        pieces(f"a{run}{run}", 2500)
    assert time.process_time() - started < 0.3


TEXTS = st.text(st.sampled_from("ab १क\u094d\u093fि.।?! \u200d\u0301\U0001f1ee👍\n") | st.characters(), max_size=80)


@given(TEXTS, st.integers(1, 20))
def test_nothing_that_can_be_spoken_is_lost_and_no_piece_is_too_long(text: str, longest: int) -> None:
    found = pieces(text, longest)
    assert all(len(piece) <= longest and speakable(piece) for piece in found)

    def heard(one: str) -> list[str]:
        return [character for character in one if unicodedata.category(character)[0] in "LN"]

    assert heard("".join(found)) == heard(text)
