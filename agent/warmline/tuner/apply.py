"""Numbers into an inventory's variables: `agent_settings` of a YAML file, line by line, so that every comment stays.

Ansible replaces a dictionary by another file's of the same name, it does not join them: the numbers must stand in the
file that holds `agent_settings` already. Only its block form is understood, one setting a line; anything else is left
alone and said.
"""

import re
from collections.abc import Iterator, Mapping
from itertools import takewhile

from warmline.errors import SettingsError

NAME = "agent_settings"
_HEAD = re.compile(rf"{NAME}:\s*(?P<empty>\{{\s*\}})?\s*(?P<comment>#.*)?")
_SETTING = re.compile(r"(?P<indent> +)(?P<name>\w+): .*?(?P<comment>\s+#.*)?")


def applied(text: str, numbers: Mapping[str, int]) -> str:
    """The file with these settings changed or added, and nothing else. SettingsError if that cannot be done safely."""
    lines = text.split("\n")
    heads = [place for place, line in enumerate(lines) if line.startswith(NAME + ":")]
    if not heads:
        return _appended(text, numbers)
    begin = heads[0] + 1
    head = _HEAD.fullmatch(lines[heads[0]])
    body = list(takewhile(_may_belong, lines[begin:]))
    while body and not body[-1].startswith(" "):
        body.pop()  # an empty line, or a comment on what comes next
    if head is None or len(heads) > 1 or (head["empty"] and body):
        raise SettingsError([f"{NAME} is not written one setting a line, which is all that can be changed safely"])
    first = f"{NAME}:" + (f"  {head['comment']}" if head["comment"] else "")
    changed = list(_changed(body, numbers))
    return "\n".join(
        [*lines[: heads[0]], first if head["empty"] else lines[heads[0]], *changed, *lines[begin + len(body) :]]
    )


def _changed(body: list[str], numbers: Mapping[str, int]) -> Iterator[str]:
    settings = [found for line in body if (found := _SETTING.fullmatch(line))]
    indent = settings[0]["indent"] if settings else "  "
    left = dict(numbers)
    for line in body:
        found = _SETTING.fullmatch(line)
        if found and found["indent"] == indent and found["name"] in left:
            yield f"{indent}{found['name']}: {left.pop(found['name'])}{found['comment'] or ''}"
        else:
            yield line
    yield from (f"{indent}{name}: {number}" for name, number in left.items())


def _appended(text: str, numbers: Mapping[str, int]) -> str:
    before = text.rstrip("\n")
    block = "\n".join([f"{NAME}:", *(f"  {name}: {number}" for name, number in numbers.items())])
    return f"{before}\n\n{block}\n" if before else f"{block}\n"


def _may_belong(line: str) -> bool:
    """Whether a line can stand within the block: it is indented, empty, or a comment."""
    return not line.strip() or line.startswith((" ", "#"))
