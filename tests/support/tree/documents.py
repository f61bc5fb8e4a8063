"""What a Markdown document says that a program can check: its links, its anchors, the commands that it names."""

import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote

from markdown_it import MarkdownIt
from markdown_it.token import Token

_PARSER = MarkdownIt("commonmark").enable("table")
_SHELL = {"", "sh", "shell", "console"}


def links(text: str) -> list[str]:
    """List the targets of a document's links and pictures, except those with a scheme such as https."""
    found = [str(token.attrs.get("href") or token.attrs.get("src") or "") for token in _inline(text)]
    return [unquote(target) for target in found if target and not re.match(r"[a-z]+:", target)]


def anchors(text: str) -> set[str]:
    """List the names by which a link can reach a document's headings, as GitHub makes them."""
    seen = Counter[str]()
    names = set()
    for heading in _headings(text):
        name = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        names.add(f"{name}-{seen[name]}" if seen[name] else name)
        seen[name] += 1
    return names


def make_targets(text: str) -> set[str]:
    """List the targets of `make` that a document names in code, in a line or in a block of a shell's."""
    tokens = _PARSER.parse(text)
    code = [child.content for token in tokens for child in token.children or () if child.type == "code_inline"]
    code += [token.content for token in tokens if token.type == "code_block" or _is_shell(token)]
    return {target for part in code for target in re.findall(r"(?:^|&& |; )\s*make ([a-z][a-z-]*)", part, re.MULTILINE)}


def paths(text: str, folders: set[str]) -> set[str]:
    """List the paths below some folders of the repository that a document names in code."""
    code = (token.content for token in _inline(text) if token.type == "code_inline")
    return {part for part in code if re.fullmatch(r"[\w./-]+", part) and part.partition("/")[0] in folders}


def broken_links(document: Path, root: Path) -> Iterator[str]:
    """Yield each link of a document that leads to no file below `root`, or to no heading of one."""
    for link in links(document.read_text(encoding="utf-8")):
        path, _, anchor = link.partition("#")
        target = (document.parent / path).resolve() if path else document
        if not (target.is_relative_to(root) and target.exists() and _holds(target, anchor)):
            yield link


def _holds(target: Path, anchor: str) -> bool:
    return not anchor or (target.suffix == ".md" and anchor in anchors(target.read_text(encoding="utf-8")))


def _is_shell(token: Token) -> bool:
    return token.type == "fence" and token.info.strip() in _SHELL


def _inline(text: str) -> Iterator[Token]:
    for token in _PARSER.parse(text):
        yield from token.children or ()


def _headings(text: str) -> Iterator[str]:
    for opening, content in pairwise(_PARSER.parse(text)):
        if opening.type == "heading_open":
            yield "".join(part.content for part in content.children or () if part.type in {"text", "code_inline"})
