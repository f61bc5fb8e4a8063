"""How long texts are cut, and how the account's limits fill up again."""

from hypothesis import given
from hypothesis import strategies as st

from warmline_simulators.sarvam.account import TokenBucket
from warmline_simulators.sarvam.conversation import pieces


@given(st.text(alphabet="ab .!?।\n", max_size=400), st.integers(min_value=1, max_value=60))
def test_no_character_is_lost_and_no_piece_is_too_long(text: str, longest: int) -> None:
    cut = list(pieces(text, longest))
    assert "".join(cut) == text
    assert all(0 < len(piece) <= longest for piece in cut)


def test_texts_are_cut_where_sentences_end() -> None:
    assert list(pieces("One is here. Two is here. नमस्ते। Four.", 26)) == ["One is here. Two is here. ", "नमस्ते। Four."]


def test_a_bucket_is_full_at_first_and_fills_up_by_its_rate() -> None:
    bucket = TokenBucket(rate=0.5, burst=2)
    assert [bucket.take(100.0) for _ in range(3)] == [True, True, False]
    assert [bucket.take(101.0), bucket.take(102.0), bucket.take(102.0)] == [False, True, False]
    assert [bucket.take(1000.0) for _ in range(3)] == [True, True, False]
