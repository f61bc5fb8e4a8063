"""A trace → what is asked of the fleet, and when. Pure."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from warmline.services.normalise import normalise
from warmline_studies.traces import Entry, Kind

LANGUAGE = "en-IN"
_LONGEST_ANSWER = 1200
PHASES = ("cold start", "steady", "deploy", "knowledge update")


class Step(NamedTuple):
    """An entry `at` seconds of the replay. `session` is the call's own key, `said` what the agent speaks."""

    at: float
    entry: Entry
    session: str
    said: str


def steps(entries: Sequence[Entry], factor: float) -> Iterator[Step]:
    """`factor` times faster than the trace. A greeting begins another call from the same address."""
    calls: dict[tuple[str, str, str], int] = {}
    began = entries[0].at if entries else 0.0
    for entry in entries:
        caller = (entry.organisation, entry.agent, entry.caller)
        if entry.kind is Kind.GREETING:
            calls[caller] = calls.get(caller, 0) + 1
        session = f"{'-'.join(caller)}-{calls.get(caller, 0)}"
        yield Step((entry.at - began) / factor, entry, session, said(entry))


def said(entry: Entry) -> str:
    """What the agent speaks: known from the trace, or made up so that each question has an answer of its own."""
    if entry.kind is Kind.GREETING:
        return entry.text or greeting(entry.organisation, entry.agent)
    return entry.answer or " ".join([normalise(entry.text, LANGUAGE)] * 4)[:_LONGEST_ANSWER]


def greeting(organisation: str, agent: str) -> str:
    """Where the trace names none."""
    return f"Hello, you have reached {organisation}. This is {agent}. What can I do for you today?"


def phase_at(at: float, seconds: float) -> str:
    """Each is a quarter of the replay; a deploy begins in the middle, an update of knowledge after three quarters."""
    return PHASES[min(len(PHASES) - 1, int(len(PHASES) * at / seconds))]
