"""A long text → pieces that one call may hold, cut where a speaker would breathe. Pure.

The end of a sentence is best, then a blank, then between two clusters of a letter and its marks (after Unicode Standard
Annex 29, as far as `unicodedata` knows it); a cluster that is itself too long for a call is cut all the same.
"""

import re
import unicodedata

_ENDS = "।॥꣎꣏᱾᱿꯫።፧፨။၊؟۔。！？｡…᠃᠉᪨᪩៕᭞᭟"  # noqa: RUF001  (full stops of other scripts that look like ours)
"""Ends of sentences that need no blank behind them: dandas, and the full stops and question marks of scripts that have
their own."""

_CLOSING = "[\"'\u201d\u2019\xbb)\\]]*"
_SENTENCE = re.compile(rf"((?:[{_ENDS}]++{_CLOSING}+|(?<![.!?])[.!?]++{_CLOSING}+(?=\s)))\s?")
"""Possessive, and not begun within a run of stops: a long one ("Chapter one .....") costs no more than its length."""
_BLANK = re.compile(r"\s")
_JOINERS = "\u200c\u200d"
_VIRAMA = 9
"""The canonical combining class of what joins the consonant before it to the one behind."""


def speakable(text: str) -> bool:
    """Whether there is anything to speak: a letter or a number of any script.

    Marks, punctuation, symbols and blanks alone are refused by Sarvam ("must contain at least one character from the
    allowed languages": github.com/dograh-hq/pipecat, pull request 45), and nobody would hear them.
    """
    return any(unicodedata.category(character)[0] in "LN" for character in text)


def pieces(text: str, longest: int) -> list[str]:
    """Parts of at most `longest` characters that make up `text`, without those in which there is nothing to speak."""
    found = []
    while len(text) > longest:
        at = _cut(text, longest)
        found.append(text[:at])
        text = text[at:]
    return [piece for piece in (*found, text) if speakable(piece)]


def _cut(text: str, longest: int) -> int:
    """Where the first piece ends: the last good place, of the best kind that there is."""
    window = text[: longest + 1]
    ends = [min(match.end(), longest) for match in _SENTENCE.finditer(window) if match.end(1) <= longest]
    blanks = [match.end() for match in _BLANK.finditer(text, 0, longest)]
    for places in (ends, blanks, range(1, longest + 1)):
        for at in reversed(places):
            if not _joined(text, at):
                return at
    return longest


def _joined(text: str, at: int) -> bool:
    """Whether what is before `at` and what is behind it belong to one cluster."""
    before, behind = text[at - 1], text[at]
    return (
        unicodedata.category(behind)[0] == "M"
        or behind in _JOINERS
        or before == "\u200d"
        or unicodedata.combining(before) == _VIRAMA
        or _continues(before, behind)
    )


def _continues(before: str, behind: str) -> bool:
    """Skin tones and tags of emoji, halves of flags, Hangul written letter by letter, a line's two ends."""
    return (
        "\U0001f3fb" <= behind <= "\U0001f3ff"
        or "\U000e0020" <= behind <= "\U000e007f"
        or ("\U0001f1e6" <= before <= "\U0001f1ff" and "\U0001f1e6" <= behind <= "\U0001f1ff")
        or "\u1160" <= behind <= "\u11ff"
        or "\ud7b0" <= behind <= "\ud7fb"
        or (before, behind) == ("\r", "\n")
    )
