"""One session's states and transitions. Pure: an event comes in, the next state and what is to be done come out.

    GREETING ──spoken──► LISTENING ──say──► ANSWERING ──answered──► SPEAKING ──spoken──► LISTENING
        └──────say, interrupt──┴────────────────┴──────────────────────┘

To say something interrupts whatever the agent is doing. Events that belong to an earlier turn come too late and change
nothing. While draining, the session leaves as soon as it listens.
"""

from dataclasses import dataclass
from enum import StrEnum

import msgspec
from msgspec.structs import replace

from warmline.session.messages import (
    Answer,
    AudioEnd,
    Close,
    End,
    ErrorMessage,
    FromWorker,
    Greeting,
    Interrupt,
    Interrupted,
    Line,
    LookupTime,
    Say,
    Who,
)
from warmline.upstream.ports import Voice

HISTORY = 20
"""Lines of the conversation that are kept."""


class Phase(StrEnum):
    """What the session is doing."""

    GREETING = "greeting"
    LISTENING = "listening"
    ANSWERING = "answering"
    SPEAKING = "speaking"


class State(msgspec.Struct, frozen=True):
    """All that a session is; written to Redis as it stands, so a field may be added only with a default.

    `text` is what is being said or was said last; while answering, what was asked. `said` counts the samples of it
    that were sent, at the rate of `voice`, which the session keeps as long as it lives; None was written by a worker
    that did not keep it. `slot` is the worker that holds it.
    """

    agent: str
    phase: Phase = Phase.GREETING
    turn: int = 0
    text: str = ""
    said: int = 0
    history: tuple[Line, ...] = ()
    draining: bool = False
    slot: str = ""
    voice: Voice | None = None


# -- events, beside the client's own messages Say, Interrupt and Close


@dataclass(frozen=True, slots=True)
class Begun:
    """A new session, as `open_state` made it."""

    lookups: dict[str, LookupTime]


@dataclass(frozen=True, slots=True)
class Back:
    """A resumed session, whose client has heard that many samples of `turn`, if it knows."""

    turn: int | None
    samples: int


@dataclass(frozen=True, slots=True)
class Answered:
    """The answer to the question of `turn`."""

    turn: int
    text: str
    passages: tuple[str, ...]
    lookups: dict[str, LookupTime]


@dataclass(frozen=True, slots=True)
class Spoken:
    """All audio of `turn` was sent."""

    turn: int


@dataclass(frozen=True, slots=True)
class Failed:
    """The work of `turn` failed."""

    turn: int
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The client sent what is no message of the protocol."""

    code: str
    message: str
    field: str | None


@dataclass(frozen=True, slots=True)
class Draining:
    """The worker is stopping."""


@dataclass(frozen=True, slots=True)
class Ending:
    """The connection cannot or may not go on."""

    end: End


Event = Say | Interrupt | Close | Begun | Back | Answered | Spoken | Failed | Refused | Draining | Ending


# -- effects


@dataclass(frozen=True, slots=True)
class Tell:
    """Send the client a message."""

    message: FromWorker


@dataclass(frozen=True, slots=True)
class Find:
    """Look for the answer to a question; Answered or Failed follows."""

    turn: int
    question: str


@dataclass(frozen=True, slots=True)
class Speak:
    """Say a text from a sample on; Spoken or Failed follows."""

    turn: int
    text: str
    start: int


@dataclass(frozen=True, slots=True)
class Hush:
    """Stop finding or speaking: nothing more of it may reach the client."""


@dataclass(frozen=True, slots=True)
class Keep:
    """Write the state."""


@dataclass(frozen=True, slots=True)
class Forget:
    """Delete what was written."""


@dataclass(frozen=True, slots=True)
class Finish:
    """Close the connection."""

    end: End


Effect = Tell | Find | Speak | Hush | Keep | Forget | Finish
Step = tuple[State, list[Effect]]


def open_state(agent: str, greeting: str, voice: Voice | None = None) -> State:
    """A new session's state, whose next event is Begun."""
    return _say(State(agent, voice=voice), Phase.GREETING, greeting)


def step(state: State, event: Event) -> Step:
    """What becomes of a session, and what is to be done, in order."""
    match event:
        case Begun() | Back():
            return _begin(state, event)
        case Say() | Interrupt() | Refused():
            return _hear(state, event)
        case Answered() | Spoken() | Failed():
            return _go_on(state, event) if event.turn == state.turn else (state, [])
        case Close() | Draining() | Ending():
            return _leave(state, event)


def _begin(state: State, event: Begun | Back) -> Step:
    match event:
        case Begun(lookups):
            return state, [Tell(Greeting(state.turn, state.text, lookups)), Speak(state.turn, state.text, 0)]
        case Back(turn, samples):
            return _back(state, samples if turn == state.turn else state.said)


def _hear(state: State, event: Say | Interrupt | Refused) -> Step:
    match event:
        case Say(text):
            return _ask(state, text)
        case Interrupt():
            return _interrupt(state)
        case Refused(code, message, field):
            return state, [Tell(ErrorMessage(code, message, field))]


def _back(state: State, heard: int) -> Step:
    """Go on where the client stopped hearing, which may be before what was sent."""
    match state.phase:
        case Phase.ANSWERING:
            return state, [Find(state.turn, state.text)]
        case Phase.LISTENING if heard >= state.said:
            return state, [Tell(AudioEnd(state.turn, state.said))]
    phase = Phase.SPEAKING if state.phase is Phase.LISTENING else state.phase
    return replace(state, phase=phase, said=heard), [Speak(state.turn, state.text, heard)]


def _ask(state: State, question: str) -> Step:
    asked = replace(
        state,
        phase=Phase.ANSWERING,
        turn=state.turn + 1,
        text=question,
        said=0,
        history=_with(state.history, Who.CALLER, question),
    )
    return asked, [*_silence(state), Keep(), Find(asked.turn, question)]


def _interrupt(state: State) -> Step:
    if state.phase is Phase.LISTENING:
        return state, []
    return _listen(replace(state, text="", said=0), [*_silence(state), Keep()])


def _go_on(state: State, event: Answered | Spoken | Failed) -> Step:
    match event:
        case Answered(turn, text, passages, lookups) if state.phase is Phase.ANSWERING:
            speaking = _say(state, Phase.SPEAKING, text)
            return speaking, [Tell(Answer(turn, text, passages, lookups)), Speak(turn, text, 0), Keep()]
        case Spoken(turn) if state.phase in {Phase.GREETING, Phase.SPEAKING}:
            return _listen(state, [Tell(AudioEnd(turn, state.said)), Keep()])
        case Failed(turn, code, message) if state.phase is not Phase.LISTENING:
            failed = replace(state, text="", said=0)
            return _listen(failed, [Tell(ErrorMessage(code, message, turn=turn)), Keep()])
    return state, []


def _leave(state: State, event: Close | Draining | Ending) -> Step:
    match event:
        case Close():
            return state, [Hush(), Forget(), Finish(End.CLOSED)]
        case Draining() if state.phase is Phase.LISTENING:
            return _listen(replace(state, draining=True), [Keep()])
        case Draining():
            return replace(state, draining=True), []
        case Ending(End.TAKEN_OVER):
            return state, [Hush(), Finish(End.TAKEN_OVER)]
        case Ending(end):
            return state, [Hush(), Keep(), Finish(end)]


def _listen(state: State, effects: list[Effect]) -> Step:
    leaving: list[Effect] = [Finish(End.GOING_AWAY)] if state.draining else []
    return replace(state, phase=Phase.LISTENING), effects + leaving


def _silence(state: State) -> list[Effect]:
    if state.phase is Phase.LISTENING:
        return []
    return [Hush(), Tell(Interrupted(state.turn, 0 if state.phase is Phase.ANSWERING else state.said))]


def _say(state: State, phase: Phase, text: str) -> State:
    return replace(state, phase=phase, text=text, said=0, history=_with(state.history, Who.AGENT, text))


def _with(history: tuple[Line, ...], who: Who, text: str) -> tuple[Line, ...]:
    return (*history, Line(who, text))[-HISTORY:]
