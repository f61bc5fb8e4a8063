"""Whether a file of variables is written plainly enough for its lines to be changed. Pure.

What is not understood here could hide another `agent_settings`, or end elsewhere than it seems to.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

VAULT = "$ANSIBLE_VAULT"
_TOP = re.compile(r"(?P<name>\w[\w.-]*):(?:\s.*)?")
_OTHER_BREAKS = re.compile("[\n\r\x85\u2028\u2029]")
"""Where YAML sees a new line beside the ends of this file's."""


def problems(lines: Sequence[str]) -> Iterator[str]:
    """What forbids changing a file of these lines, without their ends, in a sentence each."""
    if lines and lines[0].startswith(VAULT):
        yield "it is encrypted by ansible-vault: name the file in plain text that holds agent_settings"
        return
    for number, (before, line) in enumerate(pairwise(["", *lines]), start=1):
        if _OTHER_BREAKS.search(line):
            yield f"line {number} holds a line break of another kind than the rest"
        elif not _plain(line) and not (_item(line) and _may_have_items(before)):
            yield f"line {number} begins neither a variable, as `name: value`, nor anything that is understood here"
    if sum(line.rstrip() == "---" for line in lines) > 1:
        yield "it holds more than one document"


def _plain(line: str) -> bool:
    """Indented, empty, a comment, the beginning of the document, or a variable."""
    return not line.strip() or line[0] in " #" or line.rstrip() == "---" or _TOP.fullmatch(line) is not None


def _item(line: str) -> bool:
    return line == "-" or line.startswith("- ")


def _may_have_items(before: str) -> bool:
    """Whether an item of a list may follow, which belongs to a variable: a list by itself has no room for settings."""
    return bool(before) and before.rstrip() != "---"
