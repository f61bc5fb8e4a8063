"""Numbers into an inventory's variables: `agent_settings` of a YAML file, line by line, so that every comment stays.

Ansible replaces a dictionary by another file's of the same name, it does not join them: the numbers must stand in the
file that holds `agent_settings` already. Only its block form is understood, one setting a line; anything else is left
alone and said.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise, takewhile

from warmline.errors import SettingsError
from warmline_studies.tuner.parsed import proved
from warmline_studies.tuner.readable import problems

NAME = "agent_settings"
_HEAD = re.compile(rf"{NAME}:\s*(?P<empty>\{{\s*\}})?\s*(?P<comment>#.*)?")
_SETTING = re.compile(r"(?P<indent> +)(?P<name>\w+):(?: .*?)??(?P<comment>\s+#.*)?")


def applied(text: str, numbers: Mapping[str, int]) -> str:
    """The file with these settings changed or added, and nothing else; lines end as they did. SettingsError if that
    cannot be done safely."""
    ends = "\r\n" if "\r\n" in text else "\n"
    lines = text.split(ends)
    wrong = list(problems(lines))
    if wrong:
        raise SettingsError(wrong)
    found = ends.join(_lines(lines, numbers))
    if not proved(text, found, NAME, numbers):
        raise SettingsError([f"with the new settings it would not say what it said beside {NAME}: it was left alone"])
    return found


def _lines(lines: Sequence[str], numbers: Mapping[str, int]) -> list[str]:
    heads = [place for place, line in enumerate(lines) if line.startswith(NAME + ":")]
    if not heads:
        return _appended(lines, numbers)
    begin = heads[0] + 1
    head = _HEAD.fullmatch(lines[heads[0]])
    body = list(takewhile(_may_belong, lines[begin:]))
    while body and not body[-1].startswith(" "):
        body.pop()  # an empty line, or a comment on what comes next
    if head is None or len(heads) > 1 or (head["empty"] and body) or not _one_a_line(body, numbers):
        raise SettingsError([f"{NAME} is not written one setting a line, which is all that can be changed safely"])
    first = f"{NAME}:" + (f"  {head['comment']}" if head["comment"] else "")
    written = first if head["empty"] else lines[heads[0]]
    return [*lines[: heads[0]], written, *_changed(body, numbers), *lines[begin + len(body) :]]


def _one_a_line(body: Sequence[str], numbers: Mapping[str, int]) -> bool:
    """Whether each line is a setting, or belongs to the one above it, which is none of those that are changed."""
    content = [line for line in body if line.strip() and not line.lstrip().startswith("#")]
    indent = _indent(content[0]) if content else 0
    settings = [_indent(line) == indent and _SETTING.fullmatch(line) for line in content]
    return all(
        setting or (_indent(line) > indent and not (before and before["name"] in numbers))
        for (before, setting), line in zip(pairwise([None, *settings]), content, strict=True)
    )


def _changed(body: Sequence[str], numbers: Mapping[str, int]) -> Iterator[str]:
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


def _appended(lines: Sequence[str], numbers: Mapping[str, int]) -> list[str]:
    kept = list(lines)
    while kept and not kept[-1]:
        kept.pop()
    return [
        *kept,
        *([""] if kept else []),
        f"{NAME}:",
        *(f"  {name}: {number}" for name, number in numbers.items()),
        "",
    ]


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _may_belong(line: str) -> bool:
    """Whether a line can stand within the block: it is indented, empty, or a comment."""
    return not line.strip() or line.startswith((" ", "#"))
