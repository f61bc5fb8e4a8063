"""One question, however it is spelt, is one text. Pure.

What goes: case, how letters are set (`folding.py`), runs of white space, what ends a sentence, and fillers
(`fillers.py`) at either end. What stays: every word in between, negations and question words everywhere, what capitals
show to be a name (`capitals.py`), and at least one letter or digit of what was said. Where a rule could change the
meaning it is not applied: that costs a hit, never a wrong answer.
"""

import re
from collections.abc import Callable
from functools import lru_cache

from warmline.services.capitals import named
from warmline.services.fillers import FILLERS, Fillers
from warmline.services.folding import fold, shape

_ENDING = re.compile(
    r"(?:[?.…।॥。]|\s+(?=[?.!…।॥。])"
    r"|(?<![\s,;:、])[,;:、]+"  # what stands alone is what is asked about
    r"|(?<![\d)!])(?<!\s\w)(?<!^\w)!+)+$"  # 5! and n!! are numbers
)
_APART = r"\s*+[,.!…।]++\s*+"  # possessive: what is looked for behind it begins with a word

_REACH = 64
"""How far from its end a text is looked at in one go: a long run of punctuation costs no more than its length."""

Cut = Callable[[str], tuple[int, int]]
"""A text → from where to where it stays when something at one of its ends has gone."""


def normalise(question: str, language: str) -> str:
    """The text by which a question is known; `language` is a tag of BCP 47 such as "en-IN".

    Idempotent. Empty only if the question holds nothing but white space. Without capitals, unless they show a name at
    one of the ends: only with them is it that name, also when it is normalised again.
    """
    text, cased = fold(question), shape(question)
    cuts = _cuts(language.partition("-")[0].casefold())
    before, kept = "", False
    while text != before:
        before, kept = text, False
        for cut in cuts:
            start, stop = cut(text)
            if (start, stop) == (0, len(text)) or not any(map(str.isalnum, text[start:stop])):
                continue
            until = len(cased) - (len(text) - stop)  # what goes is as long in capitals; the rest need not be
            if named(cased, start, until):
                kept = True
            else:
                text, cased = text[start:stop], cased[start:until]
    return cased if kept else text


@lru_cache
def _cuts(language: str) -> tuple[Cut, ...]:
    """Where no fillers are listed for a language, only what ends a sentence goes."""
    fillers = FILLERS.get(language)
    if fillers is None:
        return (_make_ending_cut(""),)
    return (_make_ending_cut(fillers.wanting), _first_cut(fillers), _last_cut(fillers), _thanks_cut(fillers))


def _make_ending_cut(wanting: str) -> Cut:
    wanted = _judge_ending(wanting)

    def cut(text: str) -> tuple[int, int]:
        """Not from behind "how do you spell", if it stands alone."""
        found = _at_end(_ENDING, text)
        if found is None or (found.group()[0].isspace() and wanted(text, found.start())):
            return 0, len(text)
        return 0, found.start()

    return cut


def _first_cut(fillers: Fillers) -> Cut:
    anywhere, polite, opening = map(_one_of, (fillers.anywhere, fillers.polite, fillers.opening))
    openers, asking, requests = map(_one_of, (fillers.openers, fillers.asking, fillers.requests))
    unsure = _one_of(f"{fillers.polite}; {fillers.hesitations}")
    script = f"|(?=[{fillers.script}])" if fillers.script else ""
    follows = rf"(?!{_one_of(fillers.leaning)}(?:\s|$))"
    several = rf"(?:{unsure}(?:{_APART}|\s++)|{opening}{_APART})"
    first = re.compile(
        rf"{anywhere}(?:{_APART}|\s++){follows}"
        rf"|{unsure}{_APART}{follows}"
        rf"|{several}+{follows}(?={openers}(?!\S))"
        rf"|{several}*{opening}{_APART}{follows}(?:(?=(?:{asking}|{requests})(?!\S)){script})"
        rf"|{several}*{polite}\s++{follows}(?:(?={requests}(?!\S)){script})"
    )

    def cut(text: str) -> tuple[int, int]:
        found = first.match(text)
        return (0 if found is None else found.end()), len(text)

    return cut


def _last_cut(fillers: Fillers) -> Cut:
    sure = _one_of(f"{fillers.anywhere}; {fillers.polite}")
    last = re.compile(rf"{_APART}(?:{sure}|(?P<unsure>{_one_of(fillers.hesitations)}))$|(?P<space>\s){sure}$")
    wanted = _judge_ending(fillers.wanting)

    def cut(text: str) -> tuple[int, int]:
        """Not from behind a single word, such as "spell", unless it is set apart; nor a hesitation from behind another
        comma, for "uc, ud, um" is a list."""
        found = _at_end(last, text)
        if found is None or (found["unsure"] and "," in text[: found.start()]):
            return 0, len(text)
        if wanted(text, found.start()) or (found["space"] and " " not in text[: found.start()]):
            return 0, len(text)
        return 0, found.start()

    return cut


def _thanks_cut(fillers: Fillers) -> Cut:
    thanks = re.compile(rf"{_APART}{_one_of(fillers.closing)}$")
    wanted = _judge_ending(fillers.wanting)

    def cut(text: str) -> tuple[int, int]:
        """Not from an answer such as "great, thanks", which is said to thank."""
        found = _at_end(thanks, text)
        if found is None or text.count(" ", 0, found.start()) < 2 or wanted(text, found.start()):
            return 0, len(text)
        return 0, found.start()

    return cut


def _judge_ending(wanting: str) -> Callable[[str, int], bool]:
    """Whether a text wants another word where it is to end."""
    pattern = re.compile(rf"(?<!\S){_one_of(wanting)}$")

    def wanted(text: str, stop: int) -> bool:
        return pattern.search(text, max(0, stop - _REACH), stop) is not None

    return wanted


def _at_end(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    return pattern.search(text, max(0, len(text) - _REACH))


def _one_of(phrases: str) -> str:
    """A pattern of the phrases, longest first, so that none hides a longer one; of none, one that matches nothing."""
    listed = {fold(phrase) for phrase in phrases.split(";")} - {""}
    return f"(?:{'|'.join(map(re.escape, sorted(listed, key=lambda one: (-len(one), one))))})" if listed else "(?!)"
