"""What capitals say of the words at a text's ends: whether they are part of a name. Pure."""

import re
from collections.abc import Iterator

_WORD = re.compile(r"[^\W\d_][^\s,.!?;:…।]*")
_SENTENCE = re.compile(r"[.!?…।]\s*$")
_ORDINARY = re.compile(r"i(?:'\w+)?|ok", re.IGNORECASE)
"""Written with capitals wherever they stand."""


def named(text: str, start: int, stop: int) -> bool:
    """Whether what stands before `start` or from `stop` on may be part of a name, or be one.

    It may if it has a capital within a sentence, if the word that follows it has ("I" is passed over), or if it is in
    capitals altogether: "Thank You, Next lyrics", "Please Don't Tell opening hours", "Sorry, I Love You cast", "UH
    fees". Where all is in capitals they say nothing.
    """
    if not any(char.isalpha() and not char.isupper() for char in text):
        return False
    return _opens_with_a_name(text, start) or _has_a_name(text, stop, len(text))


def _opens_with_a_name(text: str, start: int) -> bool:
    first = _WORD.search(text, 0, start)
    if first is None:
        return False
    following = next((word for word in _words(text, start) if not _ORDINARY.fullmatch(word)), "")
    runs_on = not _SENTENCE.search(text, 0, start)
    return _shouted(first.group()) or _has_a_name(text, first.end(), start) or (runs_on and _capital(following))


def _words(text: str, start: int) -> Iterator[str]:
    return (word.group() for word in _WORD.finditer(text, start))


def _has_a_name(text: str, start: int, stop: int) -> bool:
    """Within a sentence, or in capitals altogether."""
    return any(
        _shouted(word.group()) or (_capital(word.group()) and not _SENTENCE.search(text, 0, word.start()))
        for word in _WORD.finditer(text, start, stop)
    )


def _capital(word: str) -> bool:
    return word[:1].isupper() and not _ORDINARY.fullmatch(word)


def _shouted(word: str) -> bool:
    return len(word) > 1 and word.isupper() and not _ORDINARY.fullmatch(word)
