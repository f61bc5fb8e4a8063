"""One question, however it is spelt, is one text. Pure.

What goes: case, compatibility forms (Unicode NFKC), runs of white space, what ends a sentence, and fillers
(`fillers.py`) at either end. What stays: every word in between, negations and question words everywhere, and at least
one letter or digit of what was said. Where a rule could change the meaning it is not applied: that costs a hit, never
a wrong answer.
"""

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache

from warmline.services.fillers import FILLERS, Fillers

_UNSEEN = str.maketrans(dict.fromkeys("\u00ad\u200b\u2060\ufeff"))
_SAME = str.maketrans("\u2018\u2019\u02bc\u2044", "'''/")  # apostrophes, and NFKC's slash of fractions

_SUPERSCRIPT = re.compile("[⁰¹²³⁴-⁹]+")
_FRACTION = re.compile("[¼-¾⅐-⅟↉]")
_ENDING = re.compile(r"(?:[\s?.,;:…।॥。、]|(?<!\d)!)+$")  # 5! is a number
_APART = r"\s*[,.!…।]+\s*"

_REACH = 64
"""How far from its end a text is looked at in one go: a long run of punctuation costs no more than its length."""

Cut = Callable[[str], str]
"""A text → the text without something at one of its ends."""


def normalised(question: str, language: str) -> str:
    """The text by which a question is known; `language` is a tag of BCP 47 such as "en-IN".

    Idempotent. Empty only if the question holds nothing but white space.
    """
    text = _folded(question)
    cuts = _cuts(language.partition("-")[0].casefold())
    before = ""
    while text != before:
        before = text
        for cut in cuts:
            rest = cut(text)
            text = rest if any(map(str.isalnum, rest)) else text
    return text


def _folded(text: str) -> str:
    """Unicode's form for compatibility caseless matching (chapter 3.13, D146), composed, with single spaces.

    NFKC alone would make 52 of 5², and 21/2 of 2½.
    """
    seen = text.translate(_UNSEEN)
    text = seen if seen.strip() else text
    text = _FRACTION.sub(r" \g<0>", _SUPERSCRIPT.sub(r"^\g<0>", text))
    text = unicodedata.normalize("NFD", text).casefold()
    text = unicodedata.normalize("NFKD", text).casefold()
    text = unicodedata.normalize("NFKC", text).translate(_SAME)
    return " ".join(text.split())


@lru_cache
def _cuts(language: str) -> tuple[Cut, ...]:
    """Where no fillers are listed for a language, only what ends a sentence goes."""

    def ending(text: str) -> str:
        found = _at_end(_ENDING, text)
        return text if found is None else text[: found.start()]

    fillers = FILLERS.get(language)
    return (ending,) if fillers is None else (ending, *_filler_cuts(fillers))


def _filler_cuts(fillers: Fillers) -> tuple[Cut, ...]:
    anywhere, leaning, wanting = map(_one_of, (fillers.anywhere, fillers.leaning, fillers.wanting))
    first = re.compile(rf"^(?:{anywhere}(?:{_APART}|\s+(?!{leaning}(?:\s|$)))|{_one_of(fillers.opening)}{_APART})")
    last = re.compile(rf"(?:{_APART}|(?P<space>\s)){anywhere}$")
    thanks = re.compile(rf"{_APART}{_one_of(fillers.closing)}$")
    wanted = re.compile(rf"(?:^|\s){wanting}$")

    def cut_first(text: str) -> str:
        return first.sub("", text)

    def cut_last(text: str) -> str:
        found = _at_end(last, text)
        if found is None or (found["space"] and wanted.search(text, 0, found.start())):
            return text
        return text[: found.start()]

    def cut_thanks(text: str) -> str:
        """Not from an answer such as "great, thanks", which is said to thank."""
        found = _at_end(thanks, text)
        return text if found is None or text.count(" ", 0, found.start()) < 2 else text[: found.start()]

    return cut_first, cut_last, cut_thanks


def _at_end(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    return pattern.search(text, max(0, len(text) - _REACH))


def _one_of(phrases: str) -> str:
    """A pattern of the phrases, longest first, so that none hides a longer one."""
    folded = sorted((_folded(phrase) for phrase in phrases.split(";")), key=len, reverse=True)
    return f"(?:{'|'.join(map(re.escape, folded))})"
