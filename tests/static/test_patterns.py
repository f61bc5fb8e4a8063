"""Patterns are held to the whole text, its last newline included; log lines begin with the name of an event."""

import ast
import re
from collections.abc import Iterator

import pytest

from tests.support.processes import ROOT
from tests.support.tree.repository import tracked

LOGGED = re.compile(r"""\b_?log\.(?:debug|info|warning|error|exception)\(\s*f?"([^"]*)\"""")
SOURCES = sorted(path for path in tracked() if path.suffix == ".py" and path.relative_to(ROOT).parts[0] != "tests")


def loose(source: str) -> Iterator[int]:
    """The lines of patterns from `^` to `$`, which stands before a last newline too: `\\Z`, or `fullmatch`, does not.

    Pydantic's patterns are Rust's, where `$` is the end, as it is in JSON Schema; of several lines each may be meant.
    """
    for call in ast.walk(ast.parse(source)):
        if isinstance(call, ast.Call) and _pythons(call):
            texts = (part for part in ast.walk(call) if isinstance(part, ast.Constant) and isinstance(part.value, str))
            yield from (text.lineno for text in texts if str(text.value).startswith("^") and str(text.value)[-1] == "$")


def _pythons(call: ast.Call) -> bool:
    name = ast.unparse(call.func)
    return name in {"Meta", "msgspec.Meta"} or (name.startswith("re.") and "MULTILINE" not in ast.unparse(call))


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("x: Annotated[str, msgspec.Meta(pattern='^[a-z]+$')]", [1]),
        ("\nre.compile(r'^a$')", [2]),
        ("re.compile(r'^a$', re.MULTILINE)", []),
        ("re.compile(r'^a\\Z')", []),
        ("Field(pattern='^a$')", []),
    ],
)
def test_a_loose_pattern_is_found(source: str, lines: list[int]) -> None:
    assert list(loose(source)) == lines


def test_what_is_logged_has_the_name_of_an_event_and_no_sentence() -> None:
    events = [(path, match[1]) for path in SOURCES for match in LOGGED.finditer(path.read_text(encoding="utf-8"))]
    assert len(events) > 30
    assert [(path.name, event) for path, event in events if not re.fullmatch(r"[a-z0-9_]+", event)] == []


def test_no_pattern_lets_a_last_newline_in() -> None:
    found = [f"{path.relative_to(ROOT)}:{line}" for path in SOURCES for line in loose(path.read_text(encoding="utf-8"))]
    assert found == []
