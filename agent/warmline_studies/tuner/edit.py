"""Numbers into an inventory's variables: a parser finds the places, only they are written, and it proves the result.

Ansible replaces a dictionary by another file's of the same name, it does not join them: the numbers must stand in the
file that holds `agent_settings` already. What cannot be changed for sure is left alone and said.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from warmline.errors import SettingsError
from warmline_studies.tuner.variables import Pair, differ_only_in, end_of, read_pairs, read_variables

NAME = "agent_settings"
VAULT = "$ANSIBLE_VAULT"
_PROPERTIES = re.compile(r"\A(?:[&!]\S*\s+)+")
"""A value's anchor and tag."""

REFUSED = (
    f"{NAME} is not written one setting a line, or with the new settings the file would not say what it said: "
    "it was left alone"
)


class TextEdit(NamedTuple):
    """`text` in place of what stands from one place to another."""

    begin: int
    end: int
    text: str


def edit(text: str, numbers: Mapping[str, int]) -> str:
    """Change or add these settings, and leave every other character as it is.

    Raises SettingsError if that cannot be done safely.
    """
    if text.startswith(VAULT):
        raise SettingsError(["it is encrypted by ansible-vault: name the file in plain text that holds agent_settings"])
    try:
        variables = read_variables(text)
    except ValueError as error:
        raise SettingsError([f"it is not one document of variables: {error}"]) from None
    try:
        changes = list(_change(text, variables[NAME], numbers) if NAME in variables else _append(text, numbers))
    except ValueError:
        raise SettingsError([REFUSED]) from None
    edited = _apply(text, changes)
    if not differ_only_in(text, edited, NAME, numbers):
        raise SettingsError([REFUSED])
    return edited


def _apply(text: str, changes: Sequence[TextEdit]) -> str:
    pieces, place = [], 0
    for begin, end, new in sorted(changes, key=lambda change: change.begin):
        pieces += [text[place:begin], new]
        place = end
    return "".join([*pieces, text[place:]])


def _change(text: str, settings: Pair, numbers: Mapping[str, int]) -> Iterator[TextEdit]:
    """Replace the numbers of settings that are there, and add the others below. Raises ValueError."""
    there, left = read_pairs(settings.value), dict(numbers)
    for name in numbers.keys() & there.keys():
        yield _replace(text, there[name], str(left.pop(name)))
    if not there:
        yield _replace(text, settings, "")
    last = end_of(settings.value) if there else settings.key.end_mark.index
    indent = next((pair.key.start_mark.column for pair in there.values()), 2)
    yield _add(text, last, [f"{' ' * indent}{name}: {number}" for name, number in left.items()])


def _replace(text: str, pair: Pair, new: str) -> TextEdit:
    """Replace a value on the line of its key; its anchor and tag stay. Raises ValueError for a value on another line,
    which may have comments within."""
    begin, end = pair.value.start_mark.index, pair.value.end_mark.index
    if pair.value.end_mark.line > pair.key.start_mark.line:
        raise ValueError("the value is not on the line of its key")
    begin = end - len(_PROPERTIES.sub("", text[begin:end]))
    if not new:
        begin = len(text[:begin].rstrip(" "))
    elif begin == end:
        new = f" {new}"
    return TextEdit(begin, end, new)


def _add(text: str, last: int, lines: Sequence[str]) -> TextEdit:
    """Add lines below the one that the place `last` is on."""
    place = text.find("\n", len(text[:last].rstrip())) + 1
    if place:
        return TextEdit(place, place, "".join(line + _ending(text) for line in lines))
    return TextEdit(len(text), len(text), "".join(_ending(text) + line for line in lines))


def _append(text: str, numbers: Mapping[str, int]) -> Iterator[TextEdit]:
    """Add all settings at the end of the file, below an empty line."""
    ends = _ending(text)
    above = "" if not text or text.endswith(ends * 2) else ends if text.endswith("\n") else ends * 2
    lines = [f"{NAME}:", *(f"  {name}: {number}" for name, number in numbers.items())]
    yield TextEdit(len(text), len(text), above + "".join(line + ends for line in lines))


def _ending(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"
