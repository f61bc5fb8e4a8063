"""API keys that were issued and revoked since the deploy, as the hosts keep them: one book, in a copy on each. Pure.

A key is called by the first digits of its digest, which tell nobody the key.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

_ORGANISATION = r"[a-z0-9][a-z0-9-]{0,62}"
_SHOWN = 8
_LEAST = 4

Book = Mapping[str, Any]
Deployed = Sequence[Mapping[str, str]]


def newest(copies: Iterable[str]) -> Book:
    """The newest of the hosts' copies, each in base64; a host without one has the empty text."""
    books = [json.loads(b64decode(copy)) for copy in copies if copy]
    return max(books, key=lambda book: book["version"], default={"version": 0, "issued": [], "revoked": []})


def behind(copies: Mapping[str, str], book: Book) -> list[str]:
    """The hosts whose copy is not this book."""
    return [host for host, copy in copies.items() if newest([copy])["version"] != book["version"]]


def refuse(book: Book, deployed: Deployed, *, organisation: str = "", revoke: str = "") -> list[str]:
    """Why a key is not issued to `organisation`, or the one called `revoke` not revoked; empty if it is."""
    if organisation and not re.fullmatch(_ORGANISATION, organisation):
        return [f"'{organisation}' cannot be an organisation: lower-case letters, digits and '-', at most 63"]
    if not revoke:
        return []
    if len(revoke) < _LEAST:
        return [f"REVOKE={revoke} is too short to name one key: make key lists their names"]
    found = {key["sha256"] for key in _valid(book, deployed) if key["sha256"].startswith(revoke)}
    if len(found) == 1:
        return []
    names = ", ".join(sorted(digest[:_SHOWN] for digest in found))
    return [f"No valid key is called {revoke}: make key lists them"] if not found else [f"Which of {names}?"]


def issue(book: Book, organisation: str, sha256: str, *, at: str, by: str) -> Book:
    """The book with one key more."""
    entry = {"organisation": organisation, "sha256": sha256, "at": at, "by": by}
    return {**book, "version": book["version"] + 1, "issued": [*book["issued"], entry]}


def revoke(book: Book, deployed: Deployed, name: str, *, at: str, by: str) -> Book:
    """The book in which the one valid key that begins with `name` is valid no more."""
    found = {key["sha256"]: key["organisation"] for key in _valid(book, deployed) if key["sha256"].startswith(name)}
    ((digest, organisation),) = found.items()
    revoked = [*book["revoked"], {"organisation": organisation, "sha256": digest, "at": at, "by": by}]
    issued = [key for key in book["issued"] if key["sha256"] != digest]
    return {**book, "version": book["version"] + 1, "issued": issued, "revoked": revoked}


def show(book: Book, deployed: Deployed) -> list[str]:
    """A table of the valid keys."""
    issued = {key["sha256"]: f"issued {key['at']} by {key['by']}" for key in book["issued"]}
    rows = [
        (key["sha256"][:_SHOWN], key["organisation"], issued.get(key["sha256"], "inventory"))
        for key in sorted(_valid(book, deployed), key=lambda key: (key["organisation"], key["sha256"]))
    ]
    table = [("KEY", "ORGANISATION", "FROM"), *rows]
    wide = max(len(organisation) for _, organisation, _ in table)
    return [f"{name:<{_SHOWN}}  {organisation:<{wide}}  {source}" for name, organisation, source in table]


def _valid(book: Book, deployed: Deployed) -> list[Mapping[str, str]]:
    revoked = {key["sha256"] for key in book["revoked"]}
    known = {key["sha256"]: key for key in (*book["issued"], *deployed)}
    return [key for digest, key in known.items() if digest not in revoked]


class FilterModule:
    """Makes them known to Ansible."""

    def filters(self) -> dict[str, object]:
        """By their names in templates."""
        return {
            "warmline_keys_newest": newest,
            "warmline_keys_behind": behind,
            "warmline_keys_refused": refuse,
            "warmline_keys_issue": issue,
            "warmline_keys_revoke": revoke,
            "warmline_keys_show": show,
        }
