"""Headers are the same however many lines they came in."""

import pytest
from starlette.datastructures import Headers

from warmline.api.lines import bearer, join


def headers(*lines: tuple[str, str]) -> Headers:
    return Headers(raw=[(name.lower().encode(), value.encode()) for name, value in lines])


def test_lines_of_one_name_are_one_list_and_those_that_agree_are_one() -> None:
    assert join(headers(), "accept") is None
    assert join(headers(("Accept", "a/b"), ("X", "y"), ("accept", "c/d;q=1")), "accept") == "a/b, c/d;q=1"
    assert join(headers(("Accept", "a/b"), ("Accept", "a/b")), "accept") == "a/b"


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ([], None),
        (["Basic eDp5"], None),
        ([""], None),
        (["bearer k"], "bearer k"),
        (["Basic eDp5", "Bearer k"], "Bearer k"),
        (["Bearer k", "Basic eDp5"], "Bearer k"),
        (["Bearer k", "Bearer k"], "Bearer k"),
        (["Bearer"], "Bearer"),
        (["Bearer k", "Bearer l"], "Bearer k, Bearer l"),  # which nobody's key is
    ],
)
def test_a_key_is_found_beside_what_others_on_the_way_are_told(given: list[str], found: str | None) -> None:
    assert bearer(headers(*(("Authorization", line) for line in given))) == found
