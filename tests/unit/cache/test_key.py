"""No two things share a key; no part can break out of it."""

import re

from hypothesis import given
from hypothesis import strategies as st

from warmline_cache.key import Group, Key, tag, tag_of

parts = st.lists(st.text(max_size=30), max_size=4).map(tuple)


@given(parts, parts)
def test_different_parts_have_different_keys(one: tuple[str, ...], other: tuple[str, ...]) -> None:
    assert (Key("rag", "a", one).text == Key("rag", "a", other).text) == (one == other)


@given(parts)
def test_a_key_is_plain_text_of_one_shape_whatever_its_parts(given_parts: tuple[str, ...]) -> None:
    assert re.fullmatch(r"wl2:\{sahyadri\}:tts:[0-9a-f]{32}", Key("tts", "sahyadri", given_parts).text)


def test_organisation_and_cache_are_part_of_the_key() -> None:
    assert len({Key(cache, owner, ("x",)).text for cache in ("rag", "tts") for owner in ("a", "b")}) == 4


def test_half_a_surrogate_pair_is_a_part_like_any_other() -> None:
    assert Key("rag", "a", ("\ud800",)).text != Key("rag", "a", ("\ud801",)).text


@given(st.text(max_size=100), st.text(max_size=100))
def test_an_organisations_tag_is_its_own_and_cannot_be_broken_out_of(one: str, other: str) -> None:
    assert (tag(one) == tag(other)) == (one == other)
    assert re.fullmatch(r"\{=?[A-Za-z0-9_.-]{1,64}\}", tag(one))
    assert tag_of(Key("rag", one, ("x",)).text) == tag_of(Group(one, "knowledge").text) == tag(one)


def test_groups_of_different_kinds_names_and_organisations_differ() -> None:
    names = {Group(owner, kind, name).text for owner in "ab" for kind in ("agent", "knowledge") for name in ("", "x")}
    assert len(names) == 8
