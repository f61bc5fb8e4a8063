"""Catalogues of questions: subjects, and questions about each of them."""

from collections.abc import Iterator
from random import Random
from typing import NamedTuple, Protocol

PARTS = (
    "knee hip shoulder elbow wrist ankle neck back foot hand finger thumb heel calf thigh shin jaw rib spine toe "
    "hamstring tendon ligament cartilage kneecap collarbone forearm groin pelvis palm"
).split()
TROUBLES = (
    "swelling stiffness numbness bruising clicking weakness burning cramping redness tingling locking throbbing "
    "instability inflammation arthritis sprain fracture strain infection surgery"
).split()
ASPECTS = (
    ("What helps against {}?", "Against {} it helps to rest, to cool, and to move again as soon as it is bearable."),
    ("How long does {} last?", "Most people with {} are better within six weeks, and nearly all within three months."),
    ("When should a doctor see {}?", "Let a doctor see {} if it follows a fall, comes with fever, or wakes you."),
    ("Which exercises suit {}?", "For {} begin with gentle bending and stretching, ten times in the morning."),
    ("What does treating {} cost?", "A first visit for {} costs eight hundred rupees, each further one five hundred."),
)
WORDINGS = ("Tell me this: {}", "My mother wants to know: {}", "I read about it and wonder: {}")


class QuestionAndAnswer(NamedTuple):
    """A question in its usual spelling, and its answer."""

    text: str
    answer: str


class Catalogue(Protocol):
    """The questions of one kind of organisation."""

    def __len__(self) -> int:
        """Count the subjects."""

    def ask(self, subject: int, random: Random, *, further: bool) -> QuestionAndAnswer:
        """Draw a question about a subject; if `further`, a question that follows on another."""


class Invented:
    """Questions to a clinic about `count` subjects. A subject has one usual question and four that follow on it."""

    def __init__(self, count: int) -> None:
        self._count = count

    def __len__(self) -> int:
        return self._count

    def ask(self, subject: int, random: Random, *, further: bool) -> QuestionAndAnswer:
        """Draw a question, as `Catalogue.ask` says."""
        return ask_about(subject, random.randrange(1, len(ASPECTS)) if further else 0)

    def everything(self) -> Iterator[QuestionAndAnswer]:
        """List all questions with their answers: the knowledge that it takes to answer a generated trace."""
        return (ask_about(subject, aspect) for subject in range(self._count) for aspect in range(len(ASPECTS)))


def ask_about(subject: int, aspect: int) -> QuestionAndAnswer:
    """Write the question about an aspect of a subject, each counted from 0; every pair has a question of its own."""
    number, trouble = divmod(subject, len(TROUBLES))
    times, part = divmod(number, len(PARTS))
    name = f"{TROUBLES[trouble]} of the {PARTS[part]}" + (f" in case {times}" if times else "")
    question, answer = ASPECTS[aspect]
    return QuestionAndAnswer(question.format(name), answer.format(name))


def respell(text: str, random: Random) -> str:
    """Spell a question otherwise, in a way that normalising undoes."""
    return (
        text.upper,
        text.lower,
        lambda: text.rstrip("?."),
        lambda: f"  {text.replace(' ', '  ')} ",
        lambda: f"{text}??",
    )[random.randrange(5)]()


def reword(text: str, random: Random) -> str:
    """Put a question into other words, in a way that normalising leaves alone."""
    return random.choice(WORDINGS).format(text)
