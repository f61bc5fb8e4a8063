"""Secrets that an inventory reads from its vault and the vault has not, found before something needs them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ansible.plugins.lookup import LookupBase

DOCUMENTATION = """
name: warmline_missing_secrets
short_description: names that begin with vault_, that an inventory reads and nothing in it sets
description:
  - Reads the files of an inventory, those that ansible-vault has encrypted among them.
  - Returns one sentence for each name beginning with vault_ that a value refers to and no file sets.
options:
  _terms:
    description: inventory sources, as in the magic variable ansible_inventory_sources
    required: true
"""

REFERENCE = re.compile(r"\{\{(?:(?!\}\}).)*\}\}", re.DOTALL)
NAME = re.compile(r"\bvault_\w+")


class LookupModule(LookupBase):
    """See DOCUMENTATION."""

    def run(self, terms: list[Any], variables: dict[str, Any] | None = None, **options: Any) -> list[str]:
        """The sentences; an empty list if every secret is there."""
        return [sentence for source in self._flatten(terms) for sentence in self._missing(Path(source))]

    def _missing(self, source: Path) -> Iterator[str]:
        folder = source if source.is_dir() else source.parent
        files = [file for kind in ("group_vars", "host_vars") for file in sorted((folder / kind).rglob("*.yml"))]
        read = {
            file: self._loader.load_from_file(str(file)) or {} for file in [*sorted(folder.glob("hosts.yml")), *files]
        }
        there = {name for content in read.values() for name in names(content) if name.startswith("vault_")}
        for file, content in read.items():
            for name in sorted({*references(content)} - there):
                where = file.relative_to(folder)
                yield f"{where}: reads the secret {name}, which no file sets: add it to vault.yml beside it."


def names(value: Any) -> Iterator[str]:
    """All keys of a value, however deep."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield str(key)
            yield from names(inner)


def references(value: Any) -> Iterable[str]:
    """The names of secrets to which the texts of a value refer, however deep."""
    if isinstance(value, dict):
        return [name for inner in value.values() for name in references(inner)]
    if isinstance(value, list):
        return [name for inner in value for name in references(inner)]
    return [name for part in REFERENCE.findall(str(value)) for name in NAME.findall(part)]
