"""A session's states and transitions, without anything that performs them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from warmline.session.machine import (
    HISTORY,
    Answered,
    Back,
    Begun,
    Draining,
    Effect,
    Ending,
    Event,
    Failed,
    Find,
    Finish,
    Forget,
    Hush,
    Keep,
    Phase,
    Refused,
    Speak,
    Spoken,
    State,
    Tell,
    open_state,
    step,
)
from warmline.session.messages import (
    Answer,
    AudioEnd,
    Close,
    End,
    ErrorMessage,
    Greeting,
    Interrupt,
    Interrupted,
    Line,
    LookupTime,
    Say,
    Who,
)
from warmline_cache import Source

LOOKUPS = {"rag": LookupTime(Source.L1, 0.1)}
GREETING = open_state("reception", "Namaste")
LISTENING = replace(GREETING, phase=Phase.LISTENING, said=100)
ANSWERING = step(LISTENING, Say("Why?"))[0]
SPEAKING = step(ANSWERING, Answered(1, "Because.", ("p",), LOOKUPS))[0]


def told(effects: list[Effect]) -> list[object]:
    return [effect.message for effect in effects if isinstance(effect, Tell)]


def test_a_new_session_greets_at_once() -> None:
    state, effects = step(GREETING, Begun(LOOKUPS))
    assert state.phase is Phase.GREETING
    assert effects == [Tell(Greeting(0, "Namaste", LOOKUPS)), Speak(0, "Namaste", 0)]


def test_when_all_is_said_it_listens_and_can_be_resumed_from_there() -> None:
    state, effects = step(replace(GREETING, said=4410), Spoken(0))
    assert state.phase is Phase.LISTENING
    assert effects == [Tell(AudioEnd(0, 4410)), Keep()]


def test_a_question_is_a_new_turn() -> None:
    assert (ANSWERING.phase, ANSWERING.turn, ANSWERING.text, ANSWERING.said) == (Phase.ANSWERING, 1, "Why?", 0)
    assert step(LISTENING, Say("Why?"))[1] == [Keep(), Find(1, "Why?")]


def test_an_answer_is_told_and_spoken_before_it_is_written() -> None:
    _, effects = step(ANSWERING, Answered(1, "Because.", ("p",), LOOKUPS))
    assert effects == [Tell(Answer(1, "Because.", ("p",), LOOKUPS)), Speak(1, "Because.", 0), Keep()]


def test_the_conversation_is_remembered_in_order_and_bounded() -> None:
    assert SPEAKING.history == (Line(Who.AGENT, "Namaste"), Line(Who.CALLER, "Why?"), Line(Who.AGENT, "Because."))
    state = LISTENING
    for number in range(100):
        state = step(state, Say(str(number)))[0]
    assert len(state.history) == HISTORY
    assert state.history[-1] == Line(Who.CALLER, "99")


@pytest.mark.parametrize("state", [GREETING, ANSWERING, SPEAKING])
def test_a_question_silences_the_agent_first(state: State) -> None:
    asked, effects = step(replace(state, said=7), Say("And now?"))
    said = 0 if state is ANSWERING else 7
    assert effects == [Hush(), Tell(Interrupted(state.turn, said)), Keep(), Find(state.turn + 1, "And now?")]
    assert asked.phase is Phase.ANSWERING


@pytest.mark.parametrize("state", [GREETING, ANSWERING, SPEAKING])
def test_an_interruption_silences_the_agent_and_what_was_said_is_not_said_again(state: State) -> None:
    interrupted, effects = step(replace(state, said=7), Interrupt())
    assert effects[:1] == [Hush()]
    assert interrupted.phase is Phase.LISTENING
    assert step(interrupted, Back(interrupted.turn, 0))[1] == [Tell(AudioEnd(interrupted.turn, 0))]


def test_an_interruption_that_comes_too_late_changes_nothing() -> None:
    assert step(LISTENING, Interrupt()) == (LISTENING, [])


@pytest.mark.parametrize("event", [Spoken(0), Answered(0, "old", (), {}), Failed(0, "code", "message")])
def test_what_belongs_to_an_earlier_turn_changes_nothing(event: Event) -> None:
    assert step(SPEAKING, event) == (SPEAKING, [])


@pytest.mark.parametrize("state", [GREETING, ANSWERING, SPEAKING])
def test_a_failed_turn_is_told_and_the_session_goes_on(state: State) -> None:
    failed, effects = step(state, Failed(state.turn, "upstream_unavailable", "convex did not answer this request"))
    assert failed.phase is Phase.LISTENING
    expected = ErrorMessage("upstream_unavailable", "convex did not answer this request", turn=state.turn)
    assert effects == [Tell(expected), Keep()]


def test_a_message_that_was_refused_is_answered_and_stops_nothing() -> None:
    refused = Refused("invalid_input", "must not be empty", "text")
    assert step(SPEAKING, refused) == (SPEAKING, [Tell(ErrorMessage("invalid_input", "must not be empty", "text"))])


# -- resuming


def test_a_resumed_utterance_goes_on_where_it_was_written_last() -> None:
    state, effects = step(replace(SPEAKING, said=900), Back(None, 0))
    assert (state.phase, effects) == (Phase.SPEAKING, [Speak(1, "Because.", 900)])


def test_a_client_that_knows_what_it_heard_is_believed() -> None:
    assert step(replace(SPEAKING, said=900), Back(1, 300))[1] == [Speak(1, "Because.", 300)]


def test_a_client_that_speaks_of_another_turn_is_not() -> None:
    assert step(replace(SPEAKING, said=900), Back(7, 300))[1] == [Speak(1, "Because.", 900)]


def test_the_end_of_an_utterance_that_was_lost_on_the_way_is_said_again() -> None:
    state, effects = step(replace(LISTENING, said=900), Back(0, 500))
    assert (state.phase, effects) == (Phase.SPEAKING, [Speak(0, "Namaste", 500)])


def test_a_question_that_was_not_answered_yet_is_answered() -> None:
    assert step(ANSWERING, Back(None, 0))[1] == [Find(1, "Why?")]


def test_a_session_that_listened_listens_and_says_that_nothing_is_left_to_hear() -> None:
    assert step(LISTENING, Back(0, 100)) == (LISTENING, [Tell(AudioEnd(0, 100))])


# -- leaving


def test_the_client_closes_and_nothing_is_kept() -> None:
    assert step(SPEAKING, Close())[1] == [Hush(), Forget(), Finish(End.CLOSED)]


def test_a_session_that_was_taken_over_writes_nothing_any_more() -> None:
    assert step(SPEAKING, Ending(End.TAKEN_OVER))[1] == [Hush(), Finish(End.TAKEN_OVER)]


@pytest.mark.parametrize("end", [End.GONE, End.IDLE, End.STALLED, End.TOO_FAST, End.NOT_TEXT])
def test_a_lost_connection_leaves_the_session_to_be_resumed(end: End) -> None:
    assert step(SPEAKING, Ending(end))[1] == [Hush(), Keep(), Finish(end)]


def test_while_draining_a_session_that_listens_leaves_at_once() -> None:
    assert step(LISTENING, Draining())[1] == [Keep(), Finish(End.GOING_AWAY)], "written anew: it is about to be resumed"


@pytest.mark.parametrize("state", [GREETING, ANSWERING, SPEAKING])
def test_while_draining_an_utterance_is_finished_first(state: State) -> None:
    draining, effects = step(state, Draining())
    assert effects == []
    if state is ANSWERING:
        draining, effects = step(draining, Answered(1, "Because.", (), {}))
        assert Finish(End.GOING_AWAY) not in effects
    assert step(draining, Spoken(draining.turn))[1][-1] == Finish(End.GOING_AWAY)


EVENTS = st.one_of(
    st.builds(Say, text=st.sampled_from(["a", "b"])),
    st.sampled_from([Interrupt(), Close(), Draining(), Ending(End.GONE), Ending(End.TAKEN_OVER)]),
    st.builds(Spoken, turn=st.integers(0, 3)),
    st.builds(Answered, turn=st.integers(0, 3), text=st.just("x"), passages=st.just(()), lookups=st.just({})),
    st.builds(Failed, turn=st.integers(0, 3), code=st.just("c"), message=st.just("m")),
)


def ends(work: Find | Speak | None, event: Event) -> bool:
    """Whether `event` is what the work under way comes to."""
    match work, event:
        case (Find(turn), Answered(now) | Failed(now)) | (Speak(turn), Spoken(now) | Failed(now)):
            return now == turn
    return False


@given(st.lists(EVENTS, max_size=30))
def test_whatever_happens_at_most_one_thing_is_under_way_and_turns_only_grow(events: list[Event]) -> None:
    state: State = GREETING
    work: Find | Speak | None = None
    for event in [Begun({}), *events]:
        if isinstance(event, Answered | Spoken | Failed) and event.turn == state.turn:
            if not ends(work, event):
                continue  # nothing under way comes to that
            work = None
        after, effects = step(state, event)
        assert after.turn >= state.turn
        for effect in effects:
            if isinstance(effect, Hush | Finish):
                work = None
            if isinstance(effect, Find | Speak):
                assert work is None
                work = effect
        if any(isinstance(effect, Finish) for effect in effects):
            return
        state = after
        assert (work is not None) == (state.phase is not Phase.LISTENING)
