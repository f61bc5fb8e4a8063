"""Questions from a plain file of utterances, one JSON object a line: `{"text", "intent"}`."""

from pathlib import Path
from random import Random
from typing import Annotated

import msgspec

from warmline_studies.traces.catalogue import QuestionAndAnswer
from warmline_studies.traces.entry import LONGEST_TEXT
from warmline_studies.traces.errors import TraceError
from warmline_studies.traces.popularity import Zipf
from warmline_studies.traces.reader import Problems

_Text = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_TEXT)]


class Utterance(msgspec.Struct, frozen=True):
    """What a caller said, and the name of what the caller wanted."""

    text: _Text
    intent: _Text


class Uttered:
    """A catalogue whose subjects are intents, drawn by the trace's own law; an intent's utterances follow Zipf's law
    with `exponent`. All utterances of an intent have one answer, which names the intent.

    Raises OSError, and TraceError if any line is not an utterance, or none is.
    """

    def __init__(self, path: Path, *, exponent: float = 1.0) -> None:
        by_intent = _by_intent(path)
        self._subjects = list(by_intent.items())
        self._laws = {count: Zipf(count, exponent) for count in {len(texts) for texts in by_intent.values()}}

    def __len__(self) -> int:
        return len(self._subjects)

    def ask(self, subject: int, random: Random, *, further: bool) -> QuestionAndAnswer:
        """Draw an utterance of an intent; one that follows on another is drawn from all of them alike."""
        intent, texts = self._subjects[subject]
        text = random.choice(texts) if further else texts[self._laws[len(texts)].draw(random)]
        return QuestionAndAnswer(text, f"This is all that there is to say about {intent}.")


def _by_intent(path: Path) -> dict[str, list[str]]:
    decoder = msgspec.json.Decoder(Utterance)
    found: dict[str, list[str]] = {}
    problems = Problems()
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                one = decoder.decode(line)
                found.setdefault(one.intent, []).append(one.text)
            except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
                problems.add(number, str(error))
    if problems.count:
        raise TraceError([f"{path}: not utterances", *problems.report()])
    if not found:
        raise TraceError([f"{path}: there are no utterances"])
    return found
