"""API keys between deploys: which are valid, what is refused, and which copy of the book counts."""

import hashlib
import json
from base64 import b64encode
from typing import Any

import pytest

from tests.support.tree.plugins import load

keys = load("filter", "keys")
Json = dict[str, Any]
EMPTY: Json = {"version": 0, "issued": [], "revoked": []}


def digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


DEPLOYED = [
    {"organisation": "sahyadri", "sha256": digest("old")},
    {"organisation": "sahyadri", "sha256": digest("two")},
]


def issued(book: Json = EMPTY, *, organisation: str = "kaveri", key: str = "new") -> Json:
    return dict(keys.issue(book, organisation, digest(key), at="20261130T201500Z", by="asha on desk"))


def revoked(book: Json, key: str) -> Json:
    return dict(keys.revoke(book, DEPLOYED, digest(key)[:8], at="20261130T201600Z", by="ravi"))


def listed(book: Json) -> set[tuple[str, str]]:
    """Names and organisations of the valid keys."""
    return {(words[0], words[1]) for words in (line.split() for line in keys.show(book, DEPLOYED)[1:])}


def names(*held: tuple[str, str]) -> set[tuple[str, str]]:
    return {(digest(key)[:8], organisation) for key, organisation in held}


def copy(book: Json) -> str:
    return b64encode(json.dumps(book).encode()).decode()


def test_an_issued_key_is_listed_beside_the_deployed_ones_with_when_and_by_whom() -> None:
    book = issued()
    assert listed(book) == names(("old", "sahyadri"), ("two", "sahyadri"), ("new", "kaveri"))
    (line,) = [line for line in keys.show(book, DEPLOYED) if "kaveri" in line]
    assert line.endswith("issued 20261130T201500Z by asha on desk")
    assert not any("old" in line or "new" in line for line in keys.show(book, DEPLOYED))


@pytest.mark.parametrize("key", ["new", "old"])
def test_a_key_is_revoked_whether_it_was_issued_or_deployed(key: str) -> None:
    book = revoked(issued(), key)
    assert digest(key)[:8] not in {name for name, _ in listed(book)}
    whose = {"new": "kaveri", "old": "sahyadri"}[key]
    assert [(entry["sha256"], entry["organisation"]) for entry in book["revoked"]] == [(digest(key), whose)]


def test_a_key_that_was_revoked_cannot_be_revoked_again_or_come_back_with_a_deploy() -> None:
    book = revoked(issued(), "old")
    assert keys.refuse(book, DEPLOYED, revoke=digest("old")[:8]) == [
        f"No valid key is called {digest('old')[:8]}: make key lists them"
    ]
    assert listed(book) == names(("two", "sahyadri"), ("new", "kaveri"))


def test_a_name_that_fits_several_keys_or_is_too_short_revokes_none() -> None:
    alike = [{"organisation": "a", "sha256": "abcd1" + "0" * 59}, {"organisation": "b", "sha256": "abcd2" + "0" * 59}]
    assert keys.refuse(EMPTY, alike, revoke="abcd") == ["Which of abcd1000, abcd2000?"]
    assert keys.refuse(EMPTY, alike, revoke="abcd2") == []
    assert "too short" in keys.refuse(EMPTY, alike, revoke="abc")[0]


@pytest.mark.parametrize("name", ["Kaveri", "-kaveri", "ka veri", "kaveri\n", "k" * 64, "../kaveri"])
def test_what_cannot_be_an_organisation_gets_no_key(name: str) -> None:
    assert "cannot be an organisation" in keys.refuse(EMPTY, DEPLOYED, organisation=name)[0]
    assert keys.refuse(EMPTY, DEPLOYED, organisation="kaveri-2") == []


def test_the_newest_copy_counts_and_who_has_an_older_one_is_named() -> None:
    first = issued()
    second = revoked(first, "old")
    assert keys.newest(["", copy(first), copy(second), copy(EMPTY)]) == second
    assert keys.newest(["", ""]) == EMPTY
    assert keys.behind({"agent-1": copy(second), "agent-2": copy(first), "agent-3": ""}, second) == [
        "agent-2",
        "agent-3",
    ]
