"""Who is calling: API keys fix the organisation.

The file holds digests, never keys: `[{"organisation": "sahyadri", "sha256": "<64 hex digits>"}, ...]`. Keys are 256
random bits, so a plain SHA-256 is enough; an organisation may have several, which is how one is replaced.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import msgspec

from warmline.errors import SettingsError, Unauthenticated

NAME = r"^[a-z0-9][a-z0-9-]{0,62}\Z"
"""What an organisation and an agent may be called: safe in a URL, a Redis key and a metric label. It ends in `\\Z`, for
Python's `$` stands before a last newline too."""


class _Entry(msgspec.Struct, forbid_unknown_fields=True):
    organisation: Annotated[str, msgspec.Meta(pattern=NAME)]
    sha256: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]


class ApiKeys:
    """The organisations' keys, by digest: those that were deployed, and those that were issued or revoked since."""

    def __init__(self, deployed: Mapping[str, str]) -> None:
        self._deployed = dict(deployed)
        self._organisations = self._deployed
        self._ever = frozenset(self._deployed.values())
        self.organisations = _sort_names(self._organisations)
        """All who have a key, in alphabetical order."""

    @classmethod
    def read(cls, path: Path) -> "ApiKeys":
        """The keys of a file. Raises SettingsError, which names the file and what is wrong with it."""
        try:
            entries = msgspec.json.decode(path.read_bytes(), type=list[_Entry])
        except (OSError, UnicodeError, RecursionError, msgspec.DecodeError) as error:
            raise SettingsError([f"API keys file {path}: {error}"]) from error
        if not entries:
            raise SettingsError([f"API keys file {path}: holds no key, so nobody could call"])
        known: dict[str, str] = {}
        for entry in entries:
            if known.setdefault(entry.sha256, entry.organisation) != entry.organisation:
                both = f"{known[entry.sha256]} and {entry.organisation}"
                raise SettingsError([f"API keys file {path}: {both} have the same key; whose callers would they be?"])
        return cls(known)

    def issue(self, issued: Mapping[str, str], *, revoked: Mapping[str, str | None]) -> None:
        """Know these beside the deployed ones, and of all of them none that is revoked. A key that was deployed stays
        with the organisation that it was deployed for. `revoked` says whose each key was, where it was noted."""
        known = {**issued, **self._deployed}
        self._organisations = {digest: name for digest, name in known.items() if digest not in revoked}
        self.organisations = _sort_names(self._organisations)
        self._ever = self._ever.union(known.values(), filter(None, revoked.values()))

    @property
    def organisations_ever(self) -> frozenset[str]:
        """All who have a key, and all who had one until it was revoked."""
        return self._ever

    def organisation(self, authorization: str | None) -> str:
        """The organisation of an `Authorization: Bearer <key>` header. Raises Unauthenticated."""
        scheme, _, key = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not key:
            raise Unauthenticated("send your API key as 'Authorization: Bearer <key>'")
        organisation = self._organisations.get(hashlib.sha256(key.strip().encode()).hexdigest())
        if organisation is None:
            raise Unauthenticated("this API key is not known here")
        return organisation


def _sort_names(organisations: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(sorted(set(organisations.values())))
