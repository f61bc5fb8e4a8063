"""Spellings of one text that Unicode, or whoever set the type, has made: one form for all of them. Pure.

Only what means nothing is folded. Canonical equivalents are one text by definition. Full-width letters, ligatures and
the positional forms of Arabic are how a text is set. Unicode's other compatibility forms are signs of their own: its
NFKC would make "no5" of №5, 37o of 37º, 12 tablets of 1② tablets, 52 of 5², and of ½ behind a 2 a fraction with 21.
"""

import unicodedata
from collections.abc import Mapping

_UNSEEN = dict.fromkeys(map(ord, "\u00ad\u200b\u2060\ufeff"))
_SAME = dict.fromkeys(map(ord, "\u2018\u2019\u02bc"), "'") | {0x2026: "..."}


def _set_in_type() -> Mapping[int, str]:
    """What Unicode says of each presentation form and width that it is; not of those that stand on a space."""
    forms: dict[int, str] = {}
    for number in range(0xFB00, 0xFFEF):
        tag, _, rest = unicodedata.decomposition(chr(number)).partition(" ")
        if tag.startswith("<") and not rest.startswith("0020"):
            forms[number] = "".join(chr(int(digits, 16)) for digits in rest.split())
    return forms


_IN_TYPE = _set_in_type()


def compose(text: str) -> str:
    """Compose the one form of all canonically equivalent texts (Unicode's NFC), with single spaces between words."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def shape(text: str) -> str:
    """Write a text as `compose` does, in ordinary letters, without what is not seen.

    Idempotent. The result is empty only for white space.
    """
    return _without_unseen(unicodedata.normalize("NFD", text).translate(_IN_TYPE))


def fold(text: str) -> str:
    """Write a text as `shape` does, for caseless matching: decomposed, then fully case folded (Unicode, chapter 3.13,
    D145). Idempotent.

    What is not seen goes behind the case: U+0345 becomes a letter by folding, and a mark that an unseen character kept
    off it would come to stand before it.
    """
    return _without_unseen(unicodedata.normalize("NFD", text).translate(_IN_TYPE).casefold())


def _without_unseen(text: str) -> str:
    seen = text.translate(_UNSEEN)
    return compose((seen if seen.strip() else text).translate(_SAME))
